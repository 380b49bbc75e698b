//! `decision_history`: what a decision superseded and what superseded it, oldest first.
//!
//! Rows of any status but candidates, since history is what does not hold any more.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Ask, Found, Placed, brief};
use crate::model::{Action, Result, Status};
use crate::ops::lifecycle::SUPERSEDES;
use crate::store::graph::{self, Node};
use crate::store::{self, View};

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let asked = ask.about()?;
    let mut members = graph::supersessions(view, &asked.id)?;
    let shown = |node: &Node| node.status != Status::Candidate || node.id == asked.id;
    members.retain(|node| ask.include_inactive || shown(node));
    let members: HashMap<String, Node> =
        members.into_iter().map(|node| (node.id.clone(), node)).collect();
    let mut older: HashMap<&str, Vec<String>> = HashMap::new();
    for id in members.keys() {
        let mut replaced = store::relationships::neighbours(view, id, SUPERSEDES, true)?;
        replaced.retain(|id| members.contains_key(id));
        replaced.sort();
        replaced.dedup();
        older.insert(id, replaced);
    }
    let mut placed = Vec::new();
    for (place, id) in oldest_first(&older).into_iter().enumerate() {
        let brief_of = |ids: Vec<&str>| -> Vec<Value> {
            ids.into_iter().map(|id| brief(&members[id])).collect()
        };
        let newer = older.iter().filter(|(_, older)| older.iter().any(|older| older == id));
        let mut newer: Vec<&str> = newer.map(|(id, _)| *id).collect();
        newer.sort_unstable();
        let mut row = Placed::new(&members[id], vec![format!("{place:05}"), id.to_owned()]);
        for (name, ids) in [
            ("supersedes", older[id].iter().map(String::as_str).collect::<Vec<_>>()),
            ("superseded_by", newer),
        ] {
            if !ids.is_empty() {
                row = row.with(name, brief_of(ids));
            }
        }
        placed.push(row);
    }
    Found::told(view, ask, placed, true, |id, mut row| {
        if let Some(end) = store::audit::last(view, id, Action::Superseded)? {
            row = row.with("superseded_at", end.timestamp);
            if !end.note.is_empty() {
                row = row.with("superseded_because", end.note);
            }
        }
        Ok(row)
    })
}

/// The members in an order in which each stands behind all that it superseded; what is in a cycle
/// comes last.
fn oldest_first<'a>(older: &HashMap<&'a str, Vec<String>>) -> Vec<&'a str> {
    let mut left: BTreeSet<&str> = older.keys().copied().collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = |id: &&&str| !older[**id].iter().any(|older| left.contains(older.as_str()));
        let Some(next) = left.iter().find(free).or(left.first()).copied() else { break };
        left.remove(next);
        order.push(next);
    }
    order
}
