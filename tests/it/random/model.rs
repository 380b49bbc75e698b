//! The rules of docs/model.md once more, as plainly as they can be said: rows in lists, no SQL, nothing
//! kept that can be worked out. What it says of an operation is compared with what the store does.

use atocore::model::Status;
use serde_json::{Map, Value, json};

use super::slots::{Conflict, Place, places};
use super::steps::{
    ALIASES, Chosen, INVALIDATE, LINKS, MEMORY_TYPES, NAMES, Outcome, PROJECT, PROJECTS, REJECT,
    SUPERSEDE, Step, TEXTS, TYPES,
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
                let memory = &mut self.memories[which];
                memory.step(Status::Candidate, Status::Active)
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

    /// A name as the store keeps it: the canonical one if it is a name of a registered project.
    fn canonical(&self, given: &str) -> String {
        let known = |project: &Project| {
            let aliases = project.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(given));
            aliases || PROJECT.eq_ignore_ascii_case(given)
        };
        let known = self.project.as_ref().is_some_and(known);
        if known { PROJECT.to_owned() } else { given.to_owned() }
    }

    /// The entity that says this, and whether it is new.
    fn new_entity(
        &mut self,
        kind: &'static str,
        name: &str,
        project: String,
        description: &str,
        properties: Map<String, Value>,
        status: Status,
    ) -> (usize, bool) {
        let same = self.entities.iter().position(|row| {
            row.kind == kind
                && row.name == name
                && row.project == project
                && row.description == description
                && row.properties == properties
                && row.status == status
        });
        let (name, description) = (name.to_owned(), description.to_owned());
        let sources = Vec::new();
        same.map_or_else(
            || {
                let version = 1;
                let row = Entity {
                    kind,
                    name,
                    project,
                    description,
                    properties,
                    sources,
                    status,
                    version,
                };
                self.entities.push(row);
                (self.entities.len() - 1, true)
            },
            |known| (known, false),
        )
    }

    fn new_memory(
        &mut self,
        kind: &'static str,
        content: &str,
        subject: &str,
        project: String,
        status: Status,
    ) -> bool {
        let same = |row: &Memory| {
            row.kind == kind
                && row.content == content
                && row.project == project
                && row.status == status
        };
        if self.memories.iter().any(same) {
            return false;
        }
        self.memories.push(Memory {
            kind,
            content: content.to_owned(),
            subject: subject.to_owned(),
            project,
            status,
            superseded_by: None,
            became: None,
            version: 1,
        });
        true
    }

    /// Candidate → active. The memories that it came from graduate with it.
    fn promote(&mut self, which: usize, project: Option<String>) -> Taken {
        let row = &mut self.entities[which];
        if let Some(project) = &project
            && row.status == Status::Active
            && row.project != *project
        {
            return Err("invalid");
        }
        if !row.step(Status::Candidate, Status::Active)? {
            return Ok(false);
        }
        if let Some(project) = project {
            row.project = project;
        }
        for source in row.sources.clone() {
            let memory = &mut self.memories[source];
            if memory.status == Status::Active && memory.kind != "identity" {
                memory.status = Status::Graduated;
                memory.became = Some(which);
                memory.version += 1;
            }
        }
        Ok(true)
    }

    fn end_entity(&mut self, which: usize, how: usize, by: usize) -> Taken {
        let which = pick(which, self.entities.len())?;
        let by = pick(by, self.entities.len())?;
        if how != SUPERSEDE {
            return self.entities[which].end(how);
        }
        if self.replaces(which, by) {
            return Err("invalid");
        }
        if self.entities[which].step(Status::Active, Status::Superseded)? {
            if self.entities[by].status.is_history() {
                return Err("invalid");
            }
            return self.link(by, "supersedes", which).map(|_| true);
        }
        // It keeps the successor that is recorded.
        let mut recorded =
            self.active_links().filter(|link| is(link, "supersedes", which)).peekable();
        let other = recorded.peek().is_some() && !recorded.any(|link| link.source == by);
        if other { Err("invalid") } else { Ok(false) }
    }

    fn end_memory(&mut self, which: usize, how: usize, by: usize) -> Taken {
        let which = pick(which, self.memories.len())?;
        let by = pick(by, self.memories.len())?;
        if how != SUPERSEDE {
            return self.memories[which].end(how);
        }
        // Whether `by` is the row itself, or an older link of its chain.
        let mut newer = Some(by);
        while let Some(at) = newer {
            if at == which {
                return Err("invalid");
            }
            newer = self.memories[at].superseded_by;
        }
        let holds = !self.memories[by].status.is_history();
        let row = &mut self.memories[which];
        if row.step(Status::Active, Status::Superseded)? {
            row.superseded_by = Some(by);
            return if holds { Ok(true) } else { Err("invalid") };
        }
        match row.superseded_by {
            Some(recorded) if recorded != by => Err("invalid"),
            _ => Ok(false),
        }
    }

    /// Whether `by` is the row itself or among those that it replaced.
    pub fn replaces(&self, which: usize, by: usize) -> bool {
        let mut older = vec![which];
        let mut at = 0;
        while at < older.len() {
            let replaced = self
                .active_links()
                .filter(|link| link.kind == "supersedes" && link.source == older[at])
                .map(|link| link.target);
            let new: Vec<usize> = replaced.filter(|target| !older.contains(target)).collect();
            older.extend(new);
            at += 1;
        }
        older.contains(&by)
    }

    pub fn active_links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| link.status == Status::Active)
    }

    fn graduate(&mut self, which: usize, into: Option<usize>, promote: bool) -> Taken {
        let which = pick(which, self.memories.len())?;
        let memory = self.memories[which].clone();
        if memory.kind == "identity" {
            return Err("invalid");
        }
        if memory.became.is_some() {
            return Err("duplicate");
        }
        if memory.status != Status::Active {
            return Err("transition");
        }
        let (entity, mut changed) = match into {
            Some(into) => (pick(into, self.entities.len())?, false),
            None => {
                let (content, project) = (&memory.content, memory.project);
                self.new_entity(
                    "parameter",
                    "alpha",
                    project,
                    content,
                    Map::new(),
                    Status::Candidate,
                )
            }
        };
        let new = changed;
        let row = &mut self.entities[entity];
        if row.status.is_history() {
            return Err("transition");
        }
        if !row.sources.contains(&which) {
            row.sources.push(which);
            // A new row is stored with its source.
            row.version += usize::from(!new);
            changed = true;
        }
        if row.status == Status::Candidate && promote {
            return self.promote(entity, None).map(|_| true);
        }
        let memory = &mut self.memories[which];
        if row.status == Status::Active && memory.status == Status::Active {
            memory.status = Status::Graduated;
            memory.became = Some(entity);
            memory.version += 1;
            changed = true;
        }
        Ok(changed)
    }

    fn set_state(&mut self, key: &'static str, value: &str, end: bool) -> Taken {
        if self.project.is_none() {
            self.register(&[]);
        }
        let Some(row) = self.states.iter_mut().find(|row| row.key == key) else {
            if end {
                return Err("not_found");
            }
            self.states.push(State { key, value: value.to_owned(), active: true, audited: 1 });
            return Ok(true);
        };
        let before = row.clone();
        row.active = !end;
        if !end {
            row.value = value.to_owned();
        }
        let changed = *row != before;
        row.audited += usize::from(changed);
        Ok(changed)
    }

    /// Registers the project, or adds names; rows under any of them move to the canonical name.
    fn register(&mut self, aliases: &[&'static str]) -> bool {
        let created = self.project.is_none();
        let project =
            self.project.get_or_insert_with(|| Project { aliases: Vec::new(), audited: 1 });
        let new: Vec<_> = aliases.iter().filter(|alias| !project.aliases.contains(alias)).collect();
        project.audited += usize::from(!created && !new.is_empty());
        let changed = created || !new.is_empty();
        project.aliases.extend(new);
        project.aliases.sort_unstable();
        for at in 0..self.entities.len() {
            let name = self.canonical(&self.entities[at].project);
            self.entities[at].move_to(name);
        }
        for at in 0..self.memories.len() {
            let name = self.canonical(&self.memories[at].project);
            self.memories[at].move_to(name);
        }
        for at in 0..self.conflicts.len() {
            let name = self.canonical(&self.conflicts[at].place.project);
            self.conflicts[at].move_to(name);
        }
        changed
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

            fn end(&mut self, how: usize) -> Taken {
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

            fn move_to(&mut self, project: String) {
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
fn pick(number: usize, rows: usize) -> Result<usize, &'static str> {
    number.checked_rem(rows).ok_or("not_found")
}

fn is(link: &Link, kind: &str, target: usize) -> bool {
    link.kind == kind && link.target == target
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
