//! The undo of the last operations gives the state before them, but for rows that they made, versions
//! and times.

use std::collections::BTreeMap;

use atocore::model::{Error, Result};
use atocore::ops::write::conflicts::detect_conflicts;
use atocore::ops::write::undo_since::{UndoRange, undo_since};
use atocore::store::{Db, Tx};
use serde_json::Value;

use super::checks::exported;

/// Every so many operations, all later ones are undone.
const TAKEN_BACK: usize = 3;
/// What each change counts, and what a decision about a candidate leaves.
const COUNTERS: [&str; 5] =
    ["version", "content_version", "reviewed_source", "reviewed_target", "updated_at"];
const KINDS: [&str; 4] = ["entity", "memory", "relationship", "project_state"];

/// The rows by id, and the slots of the open conflicts.
#[derive(Debug, PartialEq)]
struct State {
    rows: BTreeMap<String, Value>,
    open: Vec<String>,
}

/// Undoes all after an operation, for every few operations, and rolls it back; returns how often it
/// was done.
pub fn take_back_all_after(db: &Db, past: &[(String, Vec<String>)]) -> usize {
    let mut done = 0;
    for (operation, lines) in past.iter().rev().skip(1).step_by(TAKEN_BACK) {
        let range = UndoRange {
            since: operation.clone(),
            client: Some("cli".to_owned()),
            by: Some("random".to_owned()),
        };
        let take_back = |tx: &Tx<'_>| -> Result<()> {
            undo_since(tx, &range, "", |_| Ok(true))?;
            detect_conflicts(tx)?;
            let (before, mut after) = (read_state(lines), read_state(&exported(tx)?));
            after.rows.retain(|id, row| {
                let is_old = before.rows.contains_key(id);
                assert!(is_old || row["status"] != "active", "made since {operation}: {row}");
                is_old
            });
            assert_eq!(after, before, "undone since {operation}");
            Err(Error::Busy)
        };
        match db.write("random", "undo_since", take_back) {
            Err(Error::Busy) => done += 1,
            // Nothing before the registration of an alias can be reached.
            Err(Error::Refused { problem, .. }) if problem.contains("registered names") => break,
            other => panic!("{other:?} since {operation}"),
        }
    }
    done
}

fn read_state(lines: &[String]) -> State {
    let (mut rows, mut open) = (BTreeMap::new(), Vec::new());
    for line in lines {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        let kind = row["type"].as_str().expect("a type").to_owned();
        if kind == "conflict" && row["status"] == "open" {
            open.push(format!("{} {} {}", row["project"], row["slot_kind"], row["slot_key"]));
        } else if KINDS.contains(&&*kind) {
            let fields = row.as_object_mut().expect("an object");
            COUNTERS.iter().for_each(|counter| drop(fields.remove(*counter)));
            rows.insert(fields["id"].as_str().expect("an id").to_owned(), row);
        }
    }
    open.sort();
    State { rows, open }
}
