//! What each operation of the model comes to.

use atocore::model::Status;
use serde_json::{Map, Value};

use super::model::{Entity, Link, Memory, Model, Project, State, Taken, pick};
use super::steps::{PROJECT, SUPERSEDE};

impl Model {
    /// A name as the store keeps it: the canonical one if it is a name of a registered project.
    pub fn canonical(&self, given: &str) -> String {
        let known = |project: &Project| {
            let aliases = project.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(given));
            aliases || PROJECT.eq_ignore_ascii_case(given)
        };
        let known = self.project.as_ref().is_some_and(known);
        if known { PROJECT.to_owned() } else { given.to_owned() }
    }

    /// The entity that says this, and whether it is new.
    pub fn new_entity(
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

    pub fn new_memory(
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

    pub fn end_entity(&mut self, which: usize, how: usize, by: usize) -> Taken {
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
            self.link(by, "supersedes", which)?;
            return self.carry_links(which, by).map(|()| true);
        }
        // It keeps the successor that is recorded.
        let mut recorded =
            self.active_links().filter(|link| is(link, "supersedes", which)).peekable();
        let other = recorded.peek().is_some() && !recorded.any(|link| link.source == by);
        if other { Err("invalid") } else { Ok(false) }
    }

    pub fn end_memory(&mut self, which: usize, how: usize, by: usize) -> Taken {
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

    pub fn graduate(&mut self, which: usize, into: Option<usize>, promote: bool) -> Taken {
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

    pub fn set_state(&mut self, key: &'static str, value: &str, end: bool) -> Taken {
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
    pub fn register(&mut self, aliases: &[&'static str]) -> bool {
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
}

fn is(link: &Link, kind: &str, target: usize) -> bool {
    link.kind == kind && link.target == target
}
