//! `decision_history`: the decisions that a decision superseded, and those that superseded it,
//! oldest first.
//!
//! Covers every status except candidate, since past decisions are superseded or invalid. A decision has
//! the day on which it was made (`properties.decided_on`), or else that of its row.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, SortedRow, node_brief};
use crate::model::ontology::SUPERSEDES;
use crate::model::{Action, Entity, Result, Status};
use crate::ops::write::entities::DECIDED_ON;
use crate::store::graph::{self, Node};
use crate::store::relationships::list_neighbour_ids;
use crate::store::{self, View};

/// Maximum number of decisions, those nearest to the queried one.
const MAX_MEMBERS: usize = 1_000;

pub fn answer_decision_history(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let history = DecisionHistory::read(view, ask)?;
    let order = history.oldest_first().into_iter().enumerate();
    let placed = order.map(|(place, id)| {
        SortedRow::new(&history.members[id], vec![format!("{place:05}"), id.to_owned()])
    });
    QuestionResult::with_details(view, ask, placed.collect(), history.complete, |id, mut row| {
        for (name, ids) in
            [("supersedes", history.older.get(id)), ("superseded_by", history.newer.get(id))]
        {
            let others = ids.into_iter().flatten().map(|id| node_brief(&history.members[id]));
            let others: Vec<Value> = others.collect();
            if !others.is_empty() {
                row = row.with(name, others);
            }
        }
        if let Some(day) = history.decided_on(id) {
            row = row.with("decided_on", day);
        }
        let newer = history.newer.get(id).into_iter().flatten();
        let day = newer.filter_map(|id| history.decided_on(id)).min().map(str::to_owned);
        let end = store::audit::last_entry(view, id, Action::Superseded)?;
        let (instant, note) = end.map(|end| (end.timestamp, end.note)).unzip();
        if let Some(at) = day.or(instant) {
            row = row.with("superseded_at", at);
        }
        if let Some(note) = note.filter(|note| !note.is_empty()) {
            row = row.with("superseded_because", note);
        }
        Ok(row)
    })
}

/// The decisions, with the ids that each superseded and was superseded by.
struct DecisionHistory {
    members: BTreeMap<String, Node>,
    older: HashMap<String, BTreeSet<String>>,
    newer: HashMap<String, BTreeSet<String>>,
    /// The day of each decision; whether it is its own, or that of its row.
    days: HashMap<String, (String, bool)>,
    complete: bool,
}

impl DecisionHistory {
    /// Collects decisions breadth-first from the queried one, over links in both directions.
    fn read(view: &View<'_>, ask: &CheckedQuestion) -> Result<Self> {
        let asked = ask.about()?;
        let mut members = BTreeMap::from([(asked.id.clone(), Node::from(asked))]);
        let mut links: Vec<(String, String)> = Vec::new();
        let mut complete = true;
        let mut waiting = VecDeque::from([asked.id.clone()]);
        while let Some(id) = waiting.pop_front() {
            let older = list_neighbour_ids(view, &id, SUPERSEDES, true)?;
            let newer = list_neighbour_ids(view, &id, SUPERSEDES, false)?;
            for other in older.iter().chain(&newer) {
                if members.contains_key(other) {
                    continue;
                }
                if members.len() == MAX_MEMBERS {
                    complete = false;
                    break;
                }
                if let Some(node) = graph::get(view, other)? {
                    members.insert(other.clone(), node);
                    waiting.push_back(other.clone());
                }
            }
            let known = older.into_iter().filter(|older| members.contains_key(older));
            links.extend(known.map(|older| (id.clone(), older)));
        }
        let shown = |node: &Node| node.status != Status::Candidate || node.id == asked.id;
        members.retain(|_, node| ask.include_inactive || shown(node));
        let ids: Vec<String> = members.keys().cloned().collect();
        let day_of = |row: Entity| match row.properties.get(DECIDED_ON).and_then(Value::as_str) {
            Some(day) => (row.id, (day.to_owned(), true)),
            None => (row.id, (row.created_at, false)),
        };
        let days = store::entities::get_many(view, &ids)?.into_iter().map(day_of).collect();
        let (older, newer) = (HashMap::new(), HashMap::new());
        let mut history = Self { members, older, newer, days, complete };
        for (new, old) in links {
            if history.members.contains_key(&new) && history.members.contains_key(&old) {
                history.newer.entry(old.clone()).or_default().insert(new.clone());
                history.older.entry(new).or_default().insert(old);
            }
        }
        Ok(history)
    }

    /// Returns the day on which a decision was made, if it says so.
    fn decided_on(&self, id: &str) -> Option<&str> {
        self.days.get(id).filter(|(_, is_own)| *is_own).map(|(day, _)| day.as_str())
    }

    /// Sorts by day, so that each decision follows those it superseded, except in cycles.
    fn oldest_first(&self) -> Vec<&str> {
        let with_day = |id: &'_ str| self.days.get(id).map_or("", |(day, _)| day.as_str());
        let mut left: BTreeSet<(&str, &str)> =
            self.members.keys().map(|id| (with_day(id), id.as_str())).collect();
        let mut behind: HashMap<&str, usize> =
            self.older.iter().map(|(id, older)| (&**id, older.len())).collect();
        let mut free = left.clone();
        free.retain(|(_, id)| !behind.contains_key(id));
        let mut order = Vec::new();
        // If only cycles remain, continues with the oldest.
        while let Some(next) = free.pop_first().or_else(|| left.first().copied()) {
            left.remove(&next);
            order.push(next.1);
            for newer in self.newer.get(next.1).into_iter().flatten() {
                let Some(count) = behind.get_mut(&**newer) else { continue };
                *count -= 1;
                let newer = (with_day(newer), newer.as_str());
                if *count == 0 && left.contains(&newer) {
                    free.insert(newer);
                }
            }
        }
        order
    }
}
