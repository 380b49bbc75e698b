//! Time-based upkeep of memories and candidates: expiry, decay of confidence, promotion and
//! staleness.
//!
//! Pure functions of a row and an instant, so that a dry run can show their effect.

use super::entity::Entity;
use super::memory::{Memory, round_confidence};
use super::status::Status;
use super::timestamp::Timestamp;

/// Days without a change or a reference after which an unreferenced memory starts to decay.
pub const IDLE_DAYS: i64 = 30;
/// The factor by which confidence decays per day.
pub const DAILY: f64 = 0.97;
/// The confidence below which a decaying memory is superseded.
pub const FLOOR: f64 = 0.30;
/// The minimum confidence for promoting a candidate that was referenced often enough.
pub const PROMOTABLE: f64 = 0.5;
/// The default of [`UpkeepRules::stale_days`].
pub const STALE_DAYS: u32 = 90;

/// Settings of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepRules {
    /// Days without a change or a reference after which a candidate is dropped; 0 for never.
    pub stale_days: u32,
    /// Number of references that make a candidate memory active; 0 for never.
    pub promote_references: u32,
}

impl Default for UpkeepRules {
    fn default() -> Self {
        Self { stale_days: STALE_DAYS, promote_references: 0 }
    }
}

/// Whether the memory has expired but its status is not history yet.
pub fn has_ended(row: &Memory, now: Timestamp) -> bool {
    !row.status.is_history() && row.is_expired(now)
}

/// Returns the start of an unreferenced memory's decay, if it is past.
pub fn fades_from(row: &Memory, now: Timestamp) -> Option<Timestamp> {
    if row.status != Status::Active || row.reference_count > 0 || row.is_expired(now) {
        return None;
    }
    let instants =
        [row.last_referenced_at.as_deref(), Some(&row.updated_at), Some(&row.created_at)];
    let touched = instants.into_iter().flatten().find_map(Timestamp::parse)?;
    let from = touched.plus_seconds(IDLE_DAYS * 86_400);
    (from < now).then_some(from)
}

/// The effect of decay on a memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faded {
    pub days: i64,
    pub confidence: f64,
    /// Whether its confidence is below the floor, so that it is superseded.
    pub gone: bool,
}

/// Applies the decay of the whole days since `from`, except days already counted by the run at
/// `before`. Calculated day by day, so that daily runs and one run for many days give equal
/// results.
pub fn decay_confidence(
    confidence: f64,
    from: Timestamp,
    before: Option<Timestamp>,
    now: Timestamp,
) -> Option<Faded> {
    let counted = before.map_or(0, |before| before.days_since(from).max(0));
    let due = now.days_since(from) - counted;
    let mut faded = Faded { days: 0, confidence, gone: false };
    while faded.days < due && !faded.gone {
        faded.confidence = round_confidence(faded.confidence * DAILY);
        faded.gone = faded.confidence < FLOOR;
        faded.days += 1;
    }
    (faded.days > 0).then_some(faded)
}

/// Whether a candidate was referenced often enough to become active.
pub fn is_promoted(row: &Memory, rules: &UpkeepRules, now: Timestamp) -> bool {
    rules.promote_references > 0
        && row.status == Status::Candidate
        && row.reference_count >= i64::from(rules.promote_references)
        && row.confidence >= PROMOTABLE
        && !row.is_expired(now)
}

/// Whether a candidate memory has waited for review too long.
pub fn is_stale_memory(row: &Memory, rules: &UpkeepRules, now: Timestamp) -> bool {
    let referenced = row.last_referenced_at.as_deref();
    row.status == Status::Candidate
        && !has_ended(row, now)
        && !is_promoted(row, rules, now)
        && has_waited([Some(&row.created_at), Some(&row.updated_at), referenced], rules, now)
}

/// Whether a candidate entity has waited for review too long.
pub fn is_stale_entity(row: &Entity, rules: &UpkeepRules, now: Timestamp) -> bool {
    row.status == Status::Candidate
        && has_waited([Some(&row.created_at), Some(&row.updated_at), None], rules, now)
}

/// Whether the latest of the instants is more than `stale_days` ago.
fn has_waited(instants: [Option<&str>; 3], rules: &UpkeepRules, now: Timestamp) -> bool {
    let last = instants.into_iter().flatten().filter_map(Timestamp::parse).max();
    rules.stale_days > 0
        && last.is_some_and(|last| last.plus_seconds(i64::from(rules.stale_days) * 86_400) < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    #[test]
    fn many_days_at_once_take_what_a_run_each_day_takes() {
        let from = at("2026-01-01T12:00:00Z");
        let (mut daily, mut before) = (1.0, None);
        for day in 1..=60 {
            // The run's time of day varies.
            let now = from.plus_seconds(day * 86_400 + (day * 7 % 24) * 3_600);
            let once = decay_confidence(1.0, from, None, now).expect("it fades");
            if let Some(step) = decay_confidence(daily, from, before, now) {
                (daily, before) = (step.confidence, Some(now));
                assert_eq!((daily, step.gone), (once.confidence, once.gone), "day {day}");
                if step.gone {
                    assert_eq!(day, 40, "0.97 to the 40th is below 0.30");
                    return;
                }
            }
        }
        panic!("it is never gone");
    }

    #[test]
    fn a_second_run_on_a_day_takes_nothing_and_no_day_counts_before_it_is_whole() {
        let from = at("2026-01-01T12:00:00Z");
        let (early, late) = (at("2026-01-03T13:00:00Z"), at("2026-01-04T11:59:59Z"));
        assert_eq!(decay_confidence(1.0, from, None, early).map(|faded| faded.days), Some(2));
        assert_eq!(decay_confidence(1.0, from, Some(early), late), None);
        assert_eq!(decay_confidence(1.0, from, None, at("2026-01-02T11:59:59Z")), None);
        assert_eq!(
            decay_confidence(1.0, from, Some(at("2025-06-01")), early).map(|faded| faded.days),
            Some(2)
        );
    }
}
