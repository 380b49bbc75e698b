//! What a server lets its client do: who promotes, and whether anything is written at all.

use serde_json::Value;

use super::tool::{Effect, Tool};

/// Who makes rows active, turns them down and settles conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Promotion {
    /// The agent, as the person told it.
    #[default]
    Agent,
    /// The agent, once the person approved the very change in the client.
    Ask,
    /// The person, on the command line.
    Human,
}

impl Promotion {
    /// What there is to do next, where the tool for it is not there.
    pub fn next_step(self, step: &str) -> Option<String> {
        if self != Self::Human {
            return None;
        }
        let mut words = step.split([' ', '.']).skip_while(|word| !STEPS.contains(word));
        let command = match words.next()? {
            "promote_entity" => "promote",
            REVIEW if step.contains("with action promote") => "promote",
            "resolve_conflict" => "resolve",
            _ => return None,
        };
        Some(format!(
            "Show it to the person; they decide with: atocore {command} {}.",
            words.next()?
        ))
    }
}

/// What a server lets its client do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    pub promotion: Promotion,
    pub read_only: bool,
}

/// The tools that do nothing but what only a person may do.
const DECISIONS: [&str; 5] =
    ["promote_entity", "reject_entity", "resolve_conflict", "set_project_state", "redact"];
/// Those that an answer names as the next step.
const STEPS: [&str; 3] = ["promote_entity", "resolve_conflict", REVIEW];
/// The tool that also reads.
const REVIEW: &str = "review_memory";

impl Rights {
    /// Why a tool is not there for anybody; nothing if it only has to be asked for.
    pub fn withholds(self, tool: &Tool) -> Option<&'static str> {
        let name = tool.about.name;
        if self.read_only && tool.about.effect != Effect::Reads && name != REVIEW {
            return Some("this server is read-only");
        }
        let decides = self.promotion == Promotion::Human && DECISIONS.contains(&name);
        decides.then_some("here a person decides, with the atocore command")
    }

    /// Takes from a tool what may not be asked of it.
    pub fn narrow(self, tool: &mut Tool) {
        let name = tool.about.name;
        if self.read_only && name == REVIEW {
            tool.keep_arguments(&["memory_id", "action", "limit", "cursor"]);
            tool.keep_choices("action", |action| action == "history");
            tool.describe(
                "The history of a memory, oldest first, what it became and what replaced it.",
            );
            tool.only_reads();
        } else if self.promotion == Promotion::Human {
            match name {
                REVIEW => {
                    tool.keep_choices("action", |action| !["promote", "reject"].contains(&action));
                    tool.describe(
                        "Supersede or invalidate a memory as a person decided, or show its \
                         history. Invalidating needs a note.",
                    );
                }
                "graduate_memory" => tool.drop_argument("promote"),
                "create_entity" | "create_memory" => tool.drop_argument("status"),
                _ => {}
            }
        }
    }

    /// What an agent is told beside how to work with the store.
    pub fn instructions(self) -> &'static str {
        match self {
            Self { read_only: true, .. } => {
                "This server is read-only: it has no tool that writes, and rules 3 and 6 to 9 wait for one that has.\n"
            }
            Self { promotion: Promotion::Agent, .. } => "",
            Self { promotion: Promotion::Ask, .. } => {
                "This server asks the person before a row becomes active, is rejected or settles a conflict: make the call, \
                 they answer in their client. If they decline, ask them why before you try again.\n"
            }
            Self { promotion: Promotion::Human, .. } => {
                "On this server only the person promotes, rejects and settles: propose candidates, and \
                 name the command to them: atocore promote ID, atocore reject ID, atocore resolve ID.\n"
            }
        }
    }

    /// What an agent is told with the steps of a prompt.
    pub fn reminder(self) -> &'static str {
        if self.read_only {
            return "This server is read-only: it has no tool that writes. Leave out what needs one, \
                and tell the person.\n";
        }
        self.instructions()
    }
}

impl Tool {
    fn change_input(&mut self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut input = (*self.spec.input_schema).clone();
        if let Some(Value::Object(properties)) = input.get_mut("properties") {
            change(properties);
        }
        self.spec.input_schema = input.into();
    }

    fn keep_arguments(&mut self, names: &[&str]) {
        self.change_input(|arguments| arguments.retain(|name, _| names.contains(&name.as_str())));
    }

    fn drop_argument(&mut self, name: &str) {
        self.change_input(|arguments| drop(arguments.shift_remove(name)));
    }

    fn keep_choices(&mut self, argument: &str, keep: impl Fn(&str) -> bool) {
        self.change_input(|arguments| {
            let choices = arguments.get_mut(argument).and_then(|schema| schema.get_mut("enum"));
            if let Some(Value::Array(choices)) = choices {
                choices.retain(|choice| choice.as_str().is_none_or(&keep));
            }
        });
    }

    fn describe(&mut self, description: &'static str) {
        self.spec.description = Some(description.into());
    }

    fn only_reads(&mut self) {
        let hints = self.spec.annotations.take();
        self.spec.annotations = hints.map(|hints| hints.read_only(true).destructive(false));
    }
}
