//! Creates baselines.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::event::ProjectPlace;
use crate::model::handle::Handle;
use crate::model::{Action, Baseline, Error, Event, Kind, Result, SubjectKind, Timestamp};
use crate::ops::past::{AsOf, read_at, resolve_place};
use crate::ops::read::status;
use crate::ops::record::record_change::snapshot_text;
use crate::ops::record::secrets::refuse_text;
use crate::ops::record::validate;
use crate::store::{Tx, View, audit, baselines};

/// A name for the store as it is, or as it was.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBaseline {
    /// Such as PDR or 1.2; it is this place's for ever.
    pub name: String,
    /// An instant, a date (its end in UTC) or an operation; now if left out.
    pub as_of: Option<String>,
}

/// Returns the baseline that a name would be, without storing it. Not part of the write, since the
/// store as it was can't be read within one.
pub fn propose_baseline(view: &View<'_>, new: &NewBaseline) -> Result<Baseline> {
    let name = check_name(&new.name)?;
    let now = view.now.to_string();
    let mut as_of = resolve_place(view, "as_of", new.as_of.as_deref().unwrap_or(&now))?;
    Ok(Baseline {
        hash: find_hash(view, &as_of)?,
        counts: read_at(view, &mut as_of, count_rows)?,
        at: as_of.place.at.to_string(),
        operation: as_of.operation.unwrap_or_default(),
        audit_row: as_of.place.seq,
        created_at: now,
        name,
    })
}

/// Stores a baseline; returns it, or the one of that name and place, and the id of its audit row if it
/// is new.
pub fn store_baseline(
    tx: &Tx<'_>,
    baseline: Baseline,
    note: &str,
) -> Result<(Baseline, Option<String>)> {
    validate::text_length("note", note)?;
    refuse_text(tx, "name", &baseline.name)?;
    refuse_text(tx, "note", note)?;
    if let Some(existing) = baselines::find(tx, &baseline.name)? {
        if existing.audit_row == baseline.audit_row {
            return Ok((existing, None));
        }
        return Err(Error::Duplicate {
            subject: SubjectKind::Baseline,
            given: baseline.name,
            existing: format!("the baseline of {} has it, and never moves", existing.at),
        });
    }
    let audit_id = tx.record(Event {
        kind: Kind::Store,
        id: &baselines::subject_of(&baseline.name),
        action: Action::Created,
        before: None,
        after: snapshot_text(&baseline)?,
        note,
        place: ProjectPlace::Unknown,
    })?;
    Ok((baseline, Some(audit_id)))
}

/// Refuses a name that would also mean something else where a time is asked for.
fn check_name(given: &str) -> Result<String> {
    let name = validate::check_name("name", given)?;
    let is_word = ["last", "now"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if is_word || Timestamp::parse_end(&name).is_some() || name.parse::<Handle>().is_ok() {
        let problem = format!("{name:?} means an instant or a row");
        return Err(Error::invalid("name", problem, "Give it a name of its own, such as PDR."));
    }
    Ok(name)
}

fn find_hash(view: &View<'_>, as_of: &AsOf) -> Result<String> {
    let last = audit::entry_at(view, as_of.place.seq)?;
    let hash = last.map(|entry| entry.chain.hash).filter(|hash| !hash.is_empty());
    hash.ok_or_else(|| {
        let problem = format!("nothing was stored until {}", as_of.place.at);
        Error::invalid("as_of", problem, "Give a later time, or leave it out.")
    })
}

fn count_rows(view: &View<'_>) -> Result<BTreeMap<String, i64>> {
    let counts = status::count_store(view, None)?;
    let named = [
        ("entities", counts.entities.active),
        ("memories", counts.memories.active),
        ("candidates", counts.entities.candidates + counts.memories.candidates),
        ("open_conflicts", counts.open_conflicts),
    ];
    Ok(named.into_iter().map(|(name, count)| (name.to_owned(), count)).collect())
}

/// A baseline, and whether the audit log still has its row with its hash.
pub fn list_verified(view: &View<'_>) -> Result<Vec<(Baseline, bool)>> {
    let check = |baseline: Baseline| {
        let entry = audit::entry_at(view, baseline.audit_row)?;
        let holds = entry.is_some_and(|entry| entry.chain.hash == baseline.hash);
        Ok((baseline, holds))
    };
    baselines::list(view)?.into_iter().map(check).collect()
}
