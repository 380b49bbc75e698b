//! The rules of docs/model.md once more, as plainly as they can be said: rows in lists, no SQL, nothing
//! kept that can be worked out. What it says of an operation is compared with what the store does.

use atocore::model::Status;
use serde_json::{Map, Value, json};

use super::slots::{Conflict, Place, places};
use super::steps::{
    ALIASES, Chosen, INVALIDATE, LINKS, MEMORY_TYPES, NAMES, Outcome, PROJECTS, REJECT, Step,
    TEXTS, TYPES,
};

use Outcome::Refused;

/// An operation that goes through says whether it changed something.
pub type Taken = Result<bool, &'static str>;

#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub kind: &'static str,
    pub name: String,
    pub project: String,
    pub description: String,
    pub properties: Map<String, Value>,
    /// Memories that it came from.
    pub sources: Vec<usize>,
    pub status: Status,
    /// Its version, and how often the audit speaks of it.
    pub version: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    pub kind: &'static str,
    pub content: String,
    pub subject: String,
    pub project: String,
    pub status: Status,
    pub superseded_by: Option<usize>,
    pub became: Option<usize>,
    pub version: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub source: usize,
    pub kind: &'static str,
    pub target: usize,
    pub status: Status,
    pub audited: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub key: &'static str,
    pub value: String,
    pub active: bool,
    pub audited: usize,
}

/// The one project that is ever registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub aliases: Vec<&'static str>,
    pub audited: usize,
}

/// All that there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    pub entities: Vec<Entity>,
    pub memories: Vec<Memory>,
    pub links: Vec<Link>,
    pub states: Vec<State>,
    pub project: Option<Project>,
    pub conflicts: Vec<Conflict>,
}

impl Model {
    /// What the step comes to. One that is refused leaves everything as it was.
    pub fn take(&mut self, step: &Step, chosen: Option<Chosen>) -> Outcome {
        let before = self.clone();
        match self.run(step, chosen) {
            Ok(changed) => {
                self.detect(&before);
                Outcome::of(changed)
            }
            Err(code) => {
                *self = before;
                Refused(code)
            }
        }
    }

    fn run(&mut self, step: &Step, chosen: Option<Chosen>) -> Taken {
        match *step {
            Step::Entity { kind, name, value, active, project } => {
                let properties = properties(TYPES[kind], NAMES[name], value);
                let project = self.canonical(PROJECTS[project]);
                let status = born(active);
                Ok(self.new_entity(TYPES[kind], NAMES[name], project, "", properties, status).1)
            }
            Step::Memory { kind, subject, text, active, project } => {
                let project = self.canonical(PROJECTS[project]);
                let (kind, text, subject) = (MEMORY_TYPES[kind], TEXTS[text], NAMES[subject]);
                Ok(self.new_memory(kind, text, subject, project, born(active)))
            }
            Step::Link { kind, source, target, end } => {
                let source = pick(source, self.entities.len())?;
                let target = pick(target, self.entities.len())?;
                if end {
                    self.unlink(source, LINKS[kind], target)
                } else {
                    self.link(source, LINKS[kind], target)
                }
            }
            Step::PromoteEntity { which, target } => {
                let which = pick(which, self.entities.len())?;
                self.promote(which, target.then(|| self.canonical("one")))
            }
            Step::EndEntity { which, how, by } => self.end_entity(which, how, by),
            Step::PromoteMemory(which) => {
                let which = pick(which, self.memories.len())?;
                self.promote_memory(which)
            }
            Step::EndMemory { which, how, by } => self.end_memory(which, how, by),
            Step::UpdateEntity { which, value, version } => {
                let which = pick(which, self.entities.len())?;
                self.entities[which].update(value, version)
            }
            Step::UpdateMemory { which, subject, text, version } => {
                let which = pick(which, self.memories.len())?;
                self.memories[which].update(subject, text, version)
            }
            Step::Graduate { which, into, promote } => self.graduate(which, into, promote),
            Step::State { key, value, end } => self.set_state(NAMES[key], TEXTS[value], end),
            Step::Resolve { how, .. } => match chosen {
                Some(chosen) => self.resolve(chosen, how),
                None => Ok(false),
            },
            Step::Alias(alias) => Ok(self.register(&[ALIASES[alias]])),
        }
    }

    /// Looks at every place where a claim came, went or changed.
    fn detect(&mut self, before: &Self) {
        let touched: std::collections::BTreeSet<Place> = places(&before.claims(), &self.claims());
        for place in touched {
            self.look_at(&place);
        }
    }
}

/// What `Entity` and `Memory` share.
macro_rules! life {
    ($row:ty) => {
        impl $row {
            /// One step of the lifecycle; `false` if it was done already.
            pub fn step(&mut self, from: Status, to: Status) -> Taken {
                if self.status == to {
                    return Ok(false);
                }
                if self.status != from {
                    return Err("transition");
                }
                self.status = to;
                self.version += 1;
                Ok(true)
            }

            pub fn end(&mut self, how: usize) -> Taken {
                match how {
                    REJECT => self.step(Status::Candidate, Status::Invalid),
                    INVALIDATE => self.step(Status::Active, Status::Invalid),
                    _ => unreachable!("superseding needs to know the other row"),
                }
            }

            fn check_editable(&self, version: usize) -> Result<(), &'static str> {
                match version {
                    2 => Err("stale"),
                    _ if self.status.is_history() => Err("transition"),
                    _ => Ok(()),
                }
            }

            /// Counts a change of anything.
            fn count(&mut self, before: &Self) -> bool {
                let changed = self != before;
                self.version += usize::from(changed);
                changed
            }

            pub fn move_to(&mut self, project: String) {
                let before = self.clone();
                self.project = project;
                self.count(&before);
            }
        }
    };
}

life!(Entity);
life!(Memory);

impl Entity {
    fn update(&mut self, value: i64, version: usize) -> Taken {
        self.check_editable(version)?;
        let before = self.clone();
        self.properties.insert("value".to_owned(), json!(value));
        Ok(self.count(&before))
    }
}

impl Memory {
    fn update(&mut self, subject: usize, text: usize, version: usize) -> Taken {
        self.check_editable(version)?;
        let before = self.clone();
        self.subject = NAMES.get(subject).map_or(String::new(), |name| (*name).to_owned());
        self.content = TEXTS[text].to_owned();
        Ok(self.count(&before))
    }
}

fn born(active: bool) -> Status {
    if active { Status::Active } else { Status::Candidate }
}

/// The row of a number; there may be none.
pub fn pick(number: usize, rows: usize) -> Result<usize, &'static str> {
    number.checked_rem(rows).ok_or("not_found")
}

/// What an entity is made with.
pub fn properties(kind: &str, name: &str, value: i64) -> Map<String, Value> {
    let fields = if kind == "decision" {
        json!({ "choice": value, "decides": name })
    } else {
        json!({ "unit": "kg", "value": value })
    };
    fields.as_object().cloned().unwrap_or_default()
}
