//! Checks the database file: integrity, length, and schema.

use super::{Check, Extent, Finding, Remark, Topic};
use crate::model::Result;
use crate::store::sqlite::reader::Lengths;
use crate::store::sqlite::schema::SchemaStage;
use crate::store::sqlite::schema_diff::{self, Difference};
use crate::store::{View, doctor};

/// Runs SQLite's integrity check, and compares the length of the file with its page count.
pub fn check_file(view: &View<'_>, lengths: Lengths, check: &mut Check) -> Result<()> {
    let (count, size) = doctor::count_pages(view)?;
    check.extent = Some(Extent::Pages(count * size));
    // Frames in the write-ahead log are not in the file yet, so its length may still change.
    if lengths.log == 0 && lengths.file != count * size {
        check.found(Finding::FileLength { bytes: lengths.file, expected: count * size });
    }
    for (fault, text) in doctor::check_integrity(view)? {
        check.found(Finding::Integrity { fault, text });
    }
    Ok(())
}

pub fn foreign_keys(view: &View<'_>, check: &mut Check) -> Result<()> {
    for (table, parent, rows) in doctor::broken_foreign_keys(view)? {
        check.found(Finding::BrokenForeignKeys { table, parent, rows });
    }
    Ok(())
}

/// Returns the check of a file that needs a schema upgrade.
pub fn check_older(stage: SchemaStage) -> Check {
    let mut check = Check::new(Topic::Schema);
    check.found(Finding::OlderSchema { stage });
    check
}

/// Checks that every table, column, index and trigger is as this program creates it.
pub fn check_schema(view: &View<'_>, check: &mut Check) -> Result<()> {
    let [tables, indexes, triggers] = schema_diff::count_objects()?;
    check.extent = Some(Extent::SchemaObjects { tables, indexes, triggers });
    let mut other_forms = Vec::new();
    let mut foreign = Vec::new();
    for difference in schema_diff::schema_diff(view)? {
        match difference {
            Difference::Gone { kind, name, derived } => {
                check.found(Finding::MissingObject { object: kind, name, derived });
            }
            Difference::NoColumn { table, column } => {
                check.found(Finding::MissingColumn { table, column });
            }
            Difference::Foreign { kind, name, table } if kind == "trigger" => {
                check.found(Finding::ForeignTrigger { name, table });
            }
            Difference::Foreign { kind, name, .. } => foreign.push(format!("{kind} {name}")),
            Difference::OtherForm { table } => other_forms.push(table),
        }
    }
    if !other_forms.is_empty() {
        check.remark(Remark::OtherTableForms { tables: other_forms });
    }
    if !foreign.is_empty() {
        check.remark(Remark::ForeignObjects { names: foreign });
    }
    Ok(())
}
