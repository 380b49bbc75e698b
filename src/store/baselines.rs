//! Baselines, which are rows of the audit log: their subject begins with `baseline:`.

use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::text::fold_name;
use crate::model::{Baseline, Error, Kind, Result};
use crate::params;

const PREFIX: &str = "baseline:";

/// Returns the subject of the audit row of a baseline.
pub fn subject_of(name: &str) -> String {
    format!("{PREFIX}{}", fold_name(name))
}

fn read_baseline(row: &SqlRow<'_>) -> Result<Baseline> {
    let snapshot = row.text("after_json")?;
    serde_json::from_str(&snapshot)
        .map_err(|error| Error::Internal(format!("the audit row of a baseline: {error}")))
}

pub fn find(view: &View<'_>, name: &str) -> Result<Option<Baseline>> {
    let sql = "SELECT after_json FROM memory_audit WHERE memory_id = ?1 AND entity_kind = ?2 \
         ORDER BY seq LIMIT 1";
    view.conn.one(sql, params![&subject_of(name), Kind::Store.as_str()], read_baseline)
}

/// Lists all baselines in the order of their names.
pub fn list(view: &View<'_>) -> Result<Vec<Baseline>> {
    let sql = "SELECT after_json FROM memory_audit WHERE memory_id >= ?1 AND memory_id < ?2 \
         AND entity_kind = ?3 ORDER BY memory_id";
    let end = PREFIX.replace(':', ";");
    view.conn.all(sql, params![PREFIX, &end, Kind::Store.as_str()], read_baseline)
}
