//! The file: sound, whole, and of the schema that this program makes.

use super::{Check, RESTORE, Topic};
use crate::model::Result;
use crate::store::reader::Lengths;
use crate::store::schema::SchemaStage;
use crate::store::shape::{self, Difference};
use crate::store::{View, doctor};

/// Whether SQLite finds the file sound, and the file is as long as its pages.
pub fn file(view: &View<'_>, lengths: Lengths, check: &mut Check) -> Result<()> {
    let (count, size) = doctor::pages(view)?;
    check.looked_at = format!("{:.1} MB", (count * size) as f64 / 1e6);
    // What waits in the log will change the length of the file.
    if lengths.log == 0 && lengths.file != count * size {
        check.found(
            format!("the file has {} bytes, and its pages {}", lengths.file, count * size),
            "copy it with `atocore backup`: the copy ends with its last page",
        );
    }
    for line in doctor::integrity(view)? {
        match remedy(&line) {
            Remedy::Derive(topic) => check.found_derived(topic, line),
            Remedy::Correct => {
                check.found(
                    line,
                    "correct that row with another SQLite program, or restore a backup",
                );
            }
            Remedy::Restore => {
                check.damaged = true;
                check.found(line, RESTORE);
            }
        }
    }
    Ok(())
}

enum Remedy {
    Derive(Topic),
    Correct,
    Restore,
}

/// What mends what SQLite's own check found, by the words in which it says it.
fn remedy(line: &str) -> Remedy {
    let says = |words: &str| line.contains(words);
    if says("missing from index") || says("wrong # of entries in index") {
        Remedy::Derive(Topic::File)
    } else if says("FTS5 table") || line.starts_with("fts5: ") {
        Remedy::Derive(Topic::SearchIndex)
    } else if says(" value in ") {
        Remedy::Correct
    } else {
        Remedy::Restore
    }
}

pub fn foreign_keys(view: &View<'_>, check: &mut Check) -> Result<()> {
    for (table, parent, count) in doctor::broken_foreign_keys(view)? {
        check.found(
            format!("{count} rows of {table} name a row of {parent} that is not there"),
            RESTORE,
        );
    }
    Ok(())
}

/// Says that a file waits for its upgrade.
pub fn older(stage: SchemaStage) -> Check {
    let mut check = Check::new(Topic::Schema);
    let whose = match stage {
        SchemaStage::Python => "of the Python system",
        _ => "of an older atocore",
    };
    check.found_derived(
        Topic::Schema,
        format!("the file is {whose} and waits for its upgrade: nothing else was looked at"),
    );
    check
}

/// Whether every table, column, index and trigger is as this program makes it.
pub fn schema(view: &View<'_>, check: &mut Check) -> Result<()> {
    let [tables, indexes, triggers] = shape::counts()?;
    check.looked_at = format!("{tables} tables, {indexes} indexes, {triggers} triggers");
    let mut other_forms = Vec::new();
    let mut foreign = Vec::new();
    for difference in shape::differences(view)? {
        match difference {
            Difference::Gone { kind, name, derived } => {
                let what = format!("the {kind} {name} is missing or another");
                if derived {
                    check.found_derived(Topic::Schema, what);
                } else {
                    check.found(what, RESTORE);
                }
            }
            Difference::NoColumn { table, column } => {
                check.found(format!("the table {table} has no column {column}"), RESTORE);
            }
            Difference::Foreign { kind, name, table } if kind == "trigger" => check.found(
                format!("the trigger {name} of {table} is none of this program"),
                format!(
                    "find out whose it is; `DROP TRIGGER {name}` in another SQLite program ends it"
                ),
            ),
            Difference::Foreign { kind, name, .. } => foreign.push(format!("{kind} {name}")),
            Difference::OtherForm { table } => other_forms.push(table),
        }
    }
    if !other_forms.is_empty() {
        let tables = other_forms.join(", ");
        check.remark(format!("tables in an older form, with every column: {tables}"));
    }
    if !foreign.is_empty() {
        check.remark(format!("not of this program: {}", foreign.join(", ")));
    }
    Ok(())
}
