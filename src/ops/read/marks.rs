//! The marks of rows, read for all rows of an answer at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::model::disturbance::Disturbance;
use crate::model::handle::HandleKind;
use crate::model::mark::{MarkReason, contradiction_state, is_fallen_citation, mark_of_link};
use crate::model::{Kind, Mark, Result};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::store::View;
use crate::store::contradictions::list_contradictions;
use crate::store::handles::{handle_of, handles_of};
use crate::store::marked_rows;
use crate::store::marks::{self, FarRow, StaleSource, SuspectEnd, UnsoundEnd};

/// The marks of a set of rows, with their reasons.
#[derive(Debug, Clone, Default)]
pub struct RowMarks {
    marks: HashMap<String, BTreeSet<Mark>>,
    reasons: HashMap<String, Vec<MarkReason>>,
}

impl RowMarks {
    /// Reads the marks of rows of one kind. History has none.
    pub fn of_rows<'r, T: HasLifecycle + 'r>(
        view: &View<'_>,
        rows: impl IntoIterator<Item = &'r T>,
    ) -> Result<Self> {
        let rows = rows.into_iter().filter(|row| !row.status().is_history());
        Self::of_ids(view, T::KIND, rows.map(T::id))
    }

    /// Reads the marks of rows that are candidates or active.
    pub fn of_ids<'r>(
        view: &View<'_>,
        kind: Kind,
        ids: impl IntoIterator<Item = &'r str>,
    ) -> Result<Self> {
        let mut marks = Self::default();
        let ids: Vec<&str> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(marks);
        }
        let list: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let ids = Value::from(ids).to_string();
        marks.add_all(Mark::Contested, marks::list_contested(view, kind, &ids)?);
        marks.add_all(Mark::Acknowledged, marks::list_acknowledged(view, kind, &ids)?);
        match kind {
            Kind::Entity => {
                marks.add_entity_marks(view, &ids)?;
                marks.add_contradictions(view, &list)?;
            }
            Kind::Memory => {
                marks.add_stale(marks::list_stale_of_memories(view, &ids)?);
                marks.add_all(Mark::Expired, marks::list_expired(view, &ids)?);
            }
            _ => {}
        }
        Ok(marks)
    }

    fn add_entity_marks(&mut self, view: &View<'_>, ids: &str) -> Result<()> {
        for end in marks::list_unsound_ends(view, ids)? {
            let UnsoundEnd { id, relationship_type, outgoing, far, flag } = end;
            if let Some((mark, state)) =
                mark_of_link(&relationship_type, outgoing, far.status, &flag)
            {
                let state = state.to_owned();
                self.add(id, MarkReason { mark, id: far.handle, name: far.name, state });
            }
        }
        for (id, memory) in marks::list_cited_memories(view, ids)? {
            if is_fallen_citation(memory.status) {
                let (mark, state) = (Mark::RestsOnFallen, memory.status.to_string());
                self.add(id, MarkReason { mark, id: memory.handle, name: memory.name, state });
            }
        }
        let mut ends = marks::list_suspect(view, ids)?;
        // One that changed and came from another row is named once.
        ends.dedup_by(|b, a| a.id == b.id && a.changed.handle == b.changed.handle);
        for SuspectEnd { id, changed, unreviewed } in ends {
            let state = if unreviewed { "unreviewed" } else { "changed" }.to_owned();
            let (mark, FarRow { handle, name, .. }) = (Mark::Suspect, changed);
            self.add(id, MarkReason { mark, id: handle, name, state });
        }
        self.add_stale(marks::list_stale_of_entities(view, ids)?);
        Ok(())
    }

    fn add_contradictions(&mut self, view: &View<'_>, ids: &[String]) -> Result<()> {
        let all = list_contradictions(view, ids)?;
        let by: Vec<&str> = all.iter().map(|found| found.by.id.as_str()).collect();
        let handles = handles_of(view, HandleKind::Entity, &by)?;
        for found in all {
            let handle = handles.get(&found.by.id).cloned().unwrap_or_default();
            let state = contradiction_state(found.outcome).to_owned();
            let mark = Mark::Contradicted;
            self.add(found.entity_id, MarkReason { mark, id: handle, name: found.by.name, state });
        }
        Ok(())
    }

    fn add_stale(&mut self, sources: Vec<StaleSource>) {
        for StaleSource { id, reference, gone } in sources {
            let state = if gone { "gone" } else { "changed" }.to_owned();
            let (mark, id_of_row) = (Mark::StaleSource, String::new());
            self.add(id, MarkReason { mark, id: id_of_row, name: reference, state });
        }
    }

    fn add(&mut self, id: String, reason: MarkReason) {
        self.add_all(reason.mark, vec![id.clone()]);
        self.reasons.entry(id).or_default().push(reason);
    }

    fn add_all(&mut self, mark: Mark, ids: Vec<String>) {
        for id in ids {
            self.marks.entry(id).or_default().insert(mark);
        }
    }

    /// Adds the marks of other rows.
    pub fn and(mut self, others: Self) -> Self {
        self.marks.extend(others.marks);
        self.reasons.extend(others.reasons);
        self
    }

    /// Returns the marks of a row, the most urgent first.
    pub fn of(&self, id: &str) -> Vec<Mark> {
        self.marks.get(id).into_iter().flatten().copied().collect()
    }

    /// Returns the rows and sources that the marks of a row come from.
    pub fn reasons(&self, id: &str) -> &[MarkReason] {
        self.reasons.get(id).map_or(&[], Vec::as_slice)
    }
}

/// An active row with a mark, and what it comes from.
#[derive(Debug, Clone)]
pub struct UnsoundRow {
    pub kind: Kind,
    pub id: String,
    pub reasons: Vec<MarkReason>,
}

/// Lists the active entities and memories with a mark, entities by name; of all projects, or of one.
pub fn list_unsound(view: &View<'_>, project: Option<&str>, mark: Mark) -> Result<Vec<UnsoundRow>> {
    let scope: Vec<Option<String>> =
        project.map(|name| Some(name.to_owned())).into_iter().collect();
    let entities = marked_rows::list_possibly_marked(view, &scope)?;
    let entities = entities.into_iter().map(|(_, id)| id).collect();
    let memories = marked_rows::list_citing_memories(view, &scope)?;
    let mut found = Vec::new();
    for (kind, ids) in [(Kind::Entity, entities), (Kind::Memory, memories)] {
        let marks = RowMarks::of_ids(view, kind, ids.iter().map(String::as_str))?;
        for id in ids {
            let reasons = marks.reasons(&id).iter().filter(|reason| reason.mark == mark);
            let reasons: Vec<MarkReason> = reasons.cloned().collect();
            if !reasons.is_empty() {
                found.push(UnsoundRow { kind, id, reasons });
            }
        }
    }
    Ok(found)
}

/// Rows that got the same mark.
#[derive(Default)]
pub struct NewlyMarked {
    /// The ids of entities.
    pub entities: BTreeSet<String>,
    /// The ids of memories.
    pub memories: BTreeSet<String>,
}

/// Returns the rows that rest on changed entities and sources, by the mark that they have for it.
pub fn list_newly_marked(
    view: &View<'_>,
    disturbances: &[Disturbance],
) -> Result<BTreeMap<Mark, NewlyMarked>> {
    let mut found: BTreeMap<Mark, NewlyMarked> = BTreeMap::new();
    let mut sources = BTreeSet::new();
    for disturbance in disturbances {
        let (changed, dependents) = match disturbance {
            Disturbance::Changed(id) => (id, marks::list_dependents(view, id)?),
            Disturbance::Linked { id, other } => (id, vec![other.clone()]),
            Disturbance::Source { reference, digest } => {
                sources.insert((reference, digest));
                continue;
            }
            Disturbance::ChunkOf(id) => {
                found.entry(Mark::StaleSource).or_default().memories.insert(id.clone());
                continue;
            }
            Disturbance::Succession(_) => continue,
        };
        let handle = handle_of(view, HandleKind::Entity, changed)?.unwrap_or_default();
        let rows = RowMarks::of_ids(view, Kind::Entity, dependents.iter().map(String::as_str))?;
        for id in dependents {
            let because = rows.reasons(&id).iter().filter(|reason| reason.id == handle);
            for mark in because.map(|reason| reason.mark).collect::<BTreeSet<_>>() {
                found.entry(mark).or_default().entities.insert(id.clone());
            }
        }
    }
    if !sources.is_empty() {
        let citing = marks::list_citing(view, &json!(sources).to_string())?;
        if !citing.is_empty() {
            found.entry(Mark::StaleSource).or_default().entities.extend(citing);
        }
    }
    Ok(found)
}
