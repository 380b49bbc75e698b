//! Upkeep: what has ended, fades, came up again or has waited too long, a page of rows at a time.
//!
//! A page is planned by pure functions (`model/upkeep.rs`), so that a dry run shows what a run does,
//! and a run holds the store for the rows of one page only.

use crate::model::upkeep::{self, Faded, UpkeepRules};
use crate::model::{Action, Entity, Kind, Memory, Result, Status, Timestamp};
use crate::ops::record_change;
use crate::store::{self, Tx, View};

/// The four parts of upkeep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpkeepJob {
    Expiry,
    Decay,
    AutoPromotion,
    Stale,
}

impl UpkeepJob {
    pub const ALL: [Self; 4] = [Self::Expiry, Self::Decay, Self::AutoPromotion, Self::Stale];

    /// Who stands in the audit.
    pub fn actor(self) -> &'static str {
        match self {
            Self::Expiry => "atocore-expiry",
            Self::Decay => "atocore-decay",
            Self::AutoPromotion => "atocore-auto-promotion",
            Self::Stale => "atocore-stale",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Expiry => Action::Expired,
            Self::Decay => Action::Decayed,
            Self::AutoPromotion => Action::AutoPromoted,
            Self::Stale => Action::Rejected,
        }
    }
}

/// Which rows each job goes through, in order. A row is the business of one job only.
const PASSES: [(UpkeepJob, Kind, Status); 6] = [
    (UpkeepJob::Expiry, Kind::Memory, Status::Active),
    (UpkeepJob::Expiry, Kind::Memory, Status::Candidate),
    (UpkeepJob::Decay, Kind::Memory, Status::Active),
    (UpkeepJob::AutoPromotion, Kind::Memory, Status::Candidate),
    (UpkeepJob::Stale, Kind::Memory, Status::Candidate),
    (UpkeepJob::Stale, Kind::Entity, Status::Candidate),
];

/// Rows that are looked at in one step.
const PAGE: i64 = 500;

/// Where a run stands: in a pass, behind a row in the order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpkeepCursor {
    pass: usize,
    after: (String, String),
}

impl UpkeepCursor {
    pub fn job(&self) -> UpkeepJob {
        PASSES[self.pass].0
    }

    /// Behind the last row of a page, or in the next pass if the page was the last one.
    fn next(&self, rows: usize, last: Option<(String, String)>) -> Option<Self> {
        match last {
            Some(after) if rows as i64 == PAGE => Some(Self { pass: self.pass, after }),
            _ => {
                let pass = self.pass + 1;
                (pass < PASSES.len()).then(|| Self { pass, after: Default::default() })
            }
        }
    }
}

/// A change that is due, with the row as it is after it.
#[derive(Debug, Clone)]
pub struct UpkeepStep {
    pub job: UpkeepJob,
    pub row: UpkeepRow,
    /// Why; the note in the audit.
    pub note: String,
}

#[derive(Debug, Clone)]
pub enum UpkeepRow {
    Memory { before: Memory, after: Memory },
    Entity { before: Entity, after: Entity },
}

/// What is due on the page at a place, and the place behind it.
pub fn find_due(
    view: &View<'_>,
    rules: &UpkeepRules,
    at: &UpkeepCursor,
) -> Result<(Vec<UpkeepStep>, Option<UpkeepCursor>)> {
    let (job, kind, status) = PASSES[at.pass];
    let after = (at.after.0.as_str(), at.after.1.as_str());
    let mut due = Vec::new();
    if kind == Kind::Entity {
        let rows = store::entities::list_of_status(view, status, after, PAGE)?;
        let last = rows.last().map(|row| (row.created_at.clone(), row.id.clone()));
        let next = at.next(rows.len(), last);
        due.extend(rows.into_iter().filter_map(|row| step_of_entity(row, rules, view.now)));
        return Ok((due, next));
    }
    let rows = store::memories::list_of_status(view, status, after, PAGE)?;
    let last = rows.last().map(|row| (row.created_at.clone(), row.id.clone()));
    let next = at.next(rows.len(), last);
    for row in rows {
        due.extend(step_of_memory(view, job, row, rules)?);
    }
    Ok((due, next))
}

/// Does what is due on the page at a place; the caller is the actor of its job.
pub fn apply(
    tx: &Tx<'_>,
    rules: &UpkeepRules,
    at: &UpkeepCursor,
) -> Result<(Vec<UpkeepStep>, Option<UpkeepCursor>)> {
    let (due, next) = find_due(tx, rules, at)?;
    for step in &due {
        let action = step.job.action();
        match &step.row {
            UpkeepRow::Memory { before, after } => {
                record_change::record_change(tx, before, after, action, &step.note)?;
            }
            UpkeepRow::Entity { before, after } => {
                record_change::record_change(tx, before, after, action, &step.note)?;
            }
        }
    }
    Ok((due, next))
}

fn step_of_memory(
    view: &View<'_>,
    job: UpkeepJob,
    row: Memory,
    rules: &UpkeepRules,
) -> Result<Option<UpkeepStep>> {
    let now = view.now;
    let mut after = Memory { version: row.version + 1, ..row.clone() };
    let note = match job {
        UpkeepJob::Expiry if upkeep::has_ended(&row, now) => {
            after.status = Status::Invalid;
            format!("it ended at {}", row.valid_until.as_deref().unwrap_or_default())
        }
        UpkeepJob::Decay => match find_decay(view, &row)? {
            Some(faded) => apply_decay(&mut after, &faded),
            None => return Ok(None),
        },
        UpkeepJob::AutoPromotion if upkeep::is_promoted(&row, rules, now) => {
            after.status = Status::Active;
            format!("{} references", row.reference_count)
        }
        UpkeepJob::Stale if upkeep::is_stale_memory(&row, rules, now) => {
            after.status = Status::Invalid;
            stale_note(rules)
        }
        _ => return Ok(None),
    };
    // A memory that fades is not touched by it: else no day would count as idle again.
    if after.status != row.status {
        after.updated_at = now.to_string();
    }
    Ok(Some(UpkeepStep { job, row: UpkeepRow::Memory { before: row, after }, note }))
}

/// How far the memory has faded since it did last.
fn find_decay(view: &View<'_>, row: &Memory) -> Result<Option<Faded>> {
    let Some(from) = upkeep::fades_from(row, view.now) else { return Ok(None) };
    let last = store::audit::last_of(view, Kind::Memory, &row.id, Action::Decayed)?;
    let before = last.as_deref().and_then(Timestamp::parse);
    Ok(upkeep::decay_confidence(row.confidence, from, before, view.now))
}

fn apply_decay(after: &mut Memory, faded: &Faded) -> String {
    let before = after.confidence;
    after.confidence = faded.confidence;
    let days = if faded.days == 1 { "day" } else { "days" };
    let mut note =
        format!("{} more idle {days}: confidence {before} to {}", faded.days, faded.confidence);
    if faded.gone {
        after.status = Status::Superseded;
        note.push_str(&format!(", below {:.2}", upkeep::FLOOR));
    }
    note
}

fn step_of_entity(row: Entity, rules: &UpkeepRules, now: Timestamp) -> Option<UpkeepStep> {
    if !upkeep::is_stale_entity(&row, rules, now) {
        return None;
    }
    let after = Entity {
        status: Status::Invalid,
        version: row.version + 1,
        updated_at: now.to_string(),
        ..row.clone()
    };
    Some(UpkeepStep {
        job: UpkeepJob::Stale,
        row: UpkeepRow::Entity { before: row, after },
        note: stale_note(rules),
    })
}

fn stale_note(rules: &UpkeepRules) -> String {
    format!("a candidate that nobody touched for {} days", rules.stale_days)
}
