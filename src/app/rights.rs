//! The rights of a front end's callers: who promotes, and whether writes are allowed. They depend
//! on the declared effect and decision of an operation, never on its name.

use serde_json::{Map, Value};

use super::approval::Promotion;
use super::operation::{Decision, Effect, RegisteredOperation};
use crate::model::Role;

/// The rights of a front end's callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    pub promotion: Promotion,
    pub read_only: bool,
    /// Whether operations that erase contents are withheld.
    pub keeps_contents: bool,
}

/// Why an operation is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    ReadOnly,
    OnlyByPerson,
    Erases,
}

impl Rights {
    /// Returns the rights of callers with a role.
    pub fn of_role(role: Role) -> Self {
        let decides = role >= Role::Review;
        Self {
            promotion: if decides { Promotion::Agent } else { Promotion::Human },
            read_only: role == Role::Read,
            keeps_contents: role < Role::Admin,
        }
    }

    /// Returns why the operation is withheld, if it is.
    pub fn withholds(self, operation: &RegisteredOperation) -> Option<Withheld> {
        let about = &operation.about;
        if self.read_only && about.effect != Effect::Reads && about.reading_part.is_none() {
            return Some(Withheld::ReadOnly);
        }
        if self.keeps_contents && about.effect == Effect::Erases {
            return Some(Withheld::Erases);
        }
        let decides = self.promotion == Promotion::Human && about.decision == Decision::Everything;
        decides.then_some(Withheld::OnlyByPerson)
    }

    /// Removes the arguments and values that callers may not use from an operation.
    pub fn narrow(self, operation: &mut RegisteredOperation) {
        let about = &mut operation.about;
        let schema = &mut operation.input_schema;
        if let (true, Some(part)) = (self.read_only, about.reading_part) {
            about.effect = Effect::Reads;
            about.description = part.description;
            change_arguments(schema, |all| {
                all.retain(|name, _| part.arguments.contains(&name.as_str()));
            });
            keep_choices(schema, part.argument, |choice| choice == part.choice);
            return;
        }
        if self.promotion != Promotion::Human {
            return;
        }
        match about.decision {
            Decision::Nothing | Decision::Everything => {}
            Decision::Argument(name) => change_arguments(schema, |all| {
                all.shift_remove(name);
            }),
            Decision::Choices { argument, choices, description } => {
                about.description = description;
                keep_choices(schema, argument, |choice| !choices.contains(&choice));
            }
        }
    }
}

fn change_arguments(schema: &mut Map<String, Value>, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(Value::Object(arguments)) = schema.get_mut("properties") {
        change(arguments);
    }
}

fn keep_choices(schema: &mut Map<String, Value>, argument: &str, keep: impl Fn(&str) -> bool) {
    change_arguments(schema, |arguments| {
        let choices = arguments.get_mut(argument).and_then(|schema| schema.get_mut("enum"));
        if let Some(Value::Array(choices)) = choices {
            choices.retain(|choice| choice.as_str().is_none_or(&keep));
        }
    });
}
