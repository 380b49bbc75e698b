//! Promotion in the model: a candidate that says the same as an active row joins it.

use atocore::model::Status;

use super::model::{Entity, Link, Memory, Model, Taken};

impl Model {
    /// Candidate → active, or joined to the active row that says the same. The memories that it came
    /// from graduate with it.
    pub fn promote(&mut self, which: usize, project: Option<String>) -> Taken {
        let row = &mut self.entities[which];
        if let Some(project) = &project
            && row.status == Status::Active
            && row.project != *project
        {
            return Err("invalid");
        }
        let mut wanted = row.clone();
        if !wanted.step(Status::Candidate, Status::Active)? {
            return Ok(false);
        }
        wanted.project = project.unwrap_or(wanted.project);
        let cited = wanted.sources.clone();
        let same = |other: &Entity| {
            other.status == Status::Active
                && (other.kind, &other.name, &other.project)
                    == (wanted.kind, &wanted.name, &wanted.project)
                && other.description == wanted.description
                && other.properties == wanted.properties
        };
        let (at, changed) = match self.entities.iter().position(same) {
            Some(active) => (active, self.join_entity(which, active)?),
            None => {
                self.entities[which] = wanted;
                (which, true)
            }
        };
        for source in cited {
            let memory = &mut self.memories[source];
            if memory.status == Status::Active && memory.kind != "identity" {
                memory.status = Status::Graduated;
                memory.became = Some(at);
                memory.version += 1;
            }
        }
        Ok(changed)
    }

    fn join_entity(&mut self, which: usize, active: usize) -> Taken {
        let mut moved = false;
        for at in 0..self.links.len() {
            let Link { source, kind, target, status, .. } = self.links[at];
            let is_of = source == which || target == which;
            let is_between = is_of && (source == active || target == active);
            if status != Status::Active || !is_of || kind == "supersedes" && !is_between {
                continue;
            }
            let end = |end: usize| if end == which { active } else { end };
            if !is_between {
                moved |= self.link(end(source), kind, end(target))?;
            }
            self.links[at].close(Status::Superseded);
        }
        let sources = self.entities[which].sources.clone();
        let row = &mut self.entities[active];
        let new: Vec<usize> =
            sources.into_iter().filter(|source| !row.sources.contains(source)).collect();
        let gained = !new.is_empty();
        row.sources.extend(new);
        row.version += usize::from(gained);
        self.entities[which].step(Status::Candidate, Status::Superseded)?;
        self.link(active, "supersedes", which)?;
        Ok(gained || moved)
    }

    /// The links of a superseded entity go on at its successor, unless they are about the old one alone, lead
    /// to history or to the successor, or may not start or end there.
    pub fn carry_links(&mut self, which: usize, by: usize) -> Result<(), &'static str> {
        let goes_on = |kind: &str, outgoing| match outgoing {
            true => ["part_of", "contains", "satisfies"].contains(&kind),
            false => kind != "supersedes",
        };
        for at in 0..self.links.len() {
            let Link { source, kind, target, status, .. } = self.links[at];
            let outgoing = source == which;
            let far = if outgoing { target } else { source };
            if status != Status::Active
                || !outgoing && target != which
                || far == by
                || !goes_on(kind, outgoing)
                || self.entities[far].status.is_history()
            {
                continue;
            }
            let made = if outgoing { self.link(by, kind, far) } else { self.link(far, kind, by) };
            if made == Ok(true) {
                self.links[at].close(Status::Superseded);
            }
        }
        Ok(())
    }

    pub fn promote_memory(&mut self, which: usize) -> Taken {
        let mut wanted = self.memories[which].clone();
        if !wanted.step(Status::Candidate, Status::Active)? {
            return Ok(false);
        }
        let same = |other: &Memory| {
            other.status == Status::Active
                && (other.kind, &other.content, &other.project)
                    == (wanted.kind, &wanted.content, &wanted.project)
        };
        let Some(active) = self.memories.iter().position(same) else {
            self.memories[which] = wanted;
            return Ok(true);
        };
        let row = &mut self.memories[active];
        let gained = row.subject.is_empty() && !wanted.subject.is_empty();
        if gained {
            row.subject = wanted.subject;
            row.version += 1;
        }
        let candidate = &mut self.memories[which];
        candidate.superseded_by = Some(active);
        candidate.step(Status::Candidate, Status::Superseded)?;
        Ok(gained)
    }
}
