//! Upkeep: expiry, decay, auto-promotion and rejection of stale candidates, a page of rows at a
//! time.
//!
//! Pure functions (`model/upkeep.rs`) plan a page, so that a dry run shows exactly the changes of a
//! run. A run holds the write transaction for one page only.

use crate::model::text::count_noun;
use crate::model::upkeep::{self, Faded, UpkeepRules};
use crate::model::{
    Action, Entity, Error, Hint, Kind, Memory, NextStep, Result, Status, Timestamp,
};
use crate::ops::record::record_change;
use crate::ops::write::join;
use crate::store::{self, Tx, View};

/// The four jobs of upkeep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpkeepJob {
    Expiry,
    Decay,
    AutoPromotion,
    Stale,
}

impl UpkeepJob {
    pub const ALL: [Self; 4] = [Self::Expiry, Self::Decay, Self::AutoPromotion, Self::Stale];

    /// Returns the actor recorded in the audit log.
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

/// The rows that each job processes, in order. Each row is changed by one job only.
const PASSES: [(UpkeepJob, Kind, Status); 6] = [
    (UpkeepJob::Expiry, Kind::Memory, Status::Active),
    (UpkeepJob::Expiry, Kind::Memory, Status::Candidate),
    (UpkeepJob::Decay, Kind::Memory, Status::Active),
    (UpkeepJob::AutoPromotion, Kind::Memory, Status::Candidate),
    (UpkeepJob::Stale, Kind::Memory, Status::Candidate),
    (UpkeepJob::Stale, Kind::Entity, Status::Candidate),
];

/// Rows processed per page.
const PAGE: i64 = 500;

/// The position of a run: a pass, and the last row processed in order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpkeepCursor {
    pass: usize,
    after: (String, String),
}

impl UpkeepCursor {
    pub fn job(&self) -> UpkeepJob {
        PASSES[self.pass].0
    }

    /// Returns the position after the last row of a page, or the next pass if it was the last page.
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

/// A due change, with the row before and after it.
#[derive(Debug, Clone)]
pub struct UpkeepStep {
    pub job: UpkeepJob,
    pub row: UpkeepRow,
    /// The reason, recorded as the note in the audit log.
    pub note: String,
}

#[derive(Debug, Clone)]
pub enum UpkeepRow {
    Memory { before: Memory, after: Memory },
    Entity { before: Entity, after: Entity },
}

/// Days from the newest change of the store to the clock, from which on the clock is doubted.
const MAX_AHEAD: i64 = 90;
/// Days by which the clock may be behind the newest change: clocks of two machines differ a little.
const MAX_BEHIND: i64 = 1;

/// Refuses a clock that is far from the newest change of the store: a wrong one would end every
/// memory at once that nobody referenced.
pub fn refuse_doubtful_clock(view: &View<'_>) -> Result<()> {
    let newest = store::audit::newest_instant(view)?;
    let Some(newest) = newest.as_deref().and_then(Timestamp::parse) else { return Ok(()) };
    let ahead = view.now.days_since(newest);
    let behind = newest.days_since(view.now);
    let (days, direction) = match (ahead, behind) {
        (days, _) if days > MAX_AHEAD => (days, "after"),
        (_, days) if days > MAX_BEHIND => (days, "before"),
        _ => return Ok(()),
    };
    let now = view.now;
    Err(Error::invalid(
        "clock",
        format!("it says {now}, {days} days {direction} the newest change of the store ({newest})"),
        Hint::new(
            "Nothing was changed. Look at a dry run; if the clock is right, say so.",
            NextStep::TrustClock,
        ),
    ))
}

/// Returns the due changes of the page at a position, and the next position.
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

/// Applies the due changes of the page at a position; the caller sets the job as the actor.
pub fn apply(
    tx: &Tx<'_>,
    rules: &UpkeepRules,
    at: &UpkeepCursor,
) -> Result<(Vec<UpkeepStep>, Option<UpkeepCursor>)> {
    let (due, next) = find_due(tx, rules, at)?;
    for step in &due {
        let action = step.job.action();
        match &step.row {
            UpkeepRow::Memory { before, .. } if step.job == UpkeepJob::AutoPromotion => {
                join::promote_or_join_memory(tx, before, action, &step.note)?;
            }
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
            let references = count_noun(row.reference_count, "reference");
            match store::memories::find_same(view, &after, false)? {
                Some(active) => {
                    after.status = Status::Superseded;
                    after.superseded_by = Some(active.id);
                    format!("{references}; joined to {}, which says the same", active.handle)
                }
                None => references,
            }
        }
        UpkeepJob::Stale if upkeep::is_stale_memory(&row, rules, now) => {
            after.status = Status::Invalid;
            stale_note(rules)
        }
        _ => return Ok(None),
    };
    // Decay does not update `updated_at`; otherwise the memory would no longer count as idle.
    if after.status != row.status {
        after.updated_at = now.to_string();
    }
    Ok(Some(UpkeepStep { job, row: UpkeepRow::Memory { before: row, after }, note }))
}

/// Returns the decay that is due since the last decay.
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
