//! Texts for the findings of the doctor, with the commands that repair them.

use crate::cli::next_step::render_hint_text;
use crate::model::text::{count_noun, quote_text};
use crate::model::{Hint, Kind, NextStep};
use crate::ops::maintain::doctor::{
    ConflictFault, Extent, Finding, IndexFault, Remark, Remedy, Repair, RowFault, RowProblem,
    SchemaStage,
};

/// Maximum characters shown of a stored value.
const MAX_VALUE: usize = 100;

pub fn word_extent(extent: Extent) -> String {
    match extent {
        Extent::Bytes(bytes) => format!("{bytes} bytes"),
        Extent::Pages(bytes) => format!("{:.1} MB", bytes as f64 / 1e6),
        Extent::SchemaObjects { tables, indexes, triggers } => {
            format!("{tables} tables, {indexes} indexes, {triggers} triggers")
        }
        Extent::Rows(rows) => count_noun(rows, "row"),
        Extent::Keys(keys) => count_noun(keys, "key"),
    }
}

pub fn word_finding(finding: &Finding) -> String {
    match finding {
        Finding::FileLength { bytes, expected } => {
            format!("the file has {bytes} bytes, and its pages {expected}")
        }
        Finding::Integrity { text, .. } => text.clone(),
        Finding::BrokenForeignKeys { table, parent, rows } => {
            format!("{rows} rows of {table} name a row of {parent} that is not there")
        }
        Finding::OlderSchema { stage } => {
            let origin = match stage {
                SchemaStage::Python => "of the Python system",
                _ => "of an older atocore",
            };
            format!("the file is {origin} and waits for its upgrade: nothing else was looked at")
        }
        Finding::MissingObject { object, name, .. } => {
            format!("the {object} {name} is missing or another")
        }
        Finding::MissingColumn { table, column } => {
            format!("the table {table} has no column {column}")
        }
        Finding::ForeignTrigger { name, table } => {
            format!("the trigger {name} of {table} is none of this program")
        }
        Finding::BrokenChain(link) => format!("the first row that does not fit is {link}"),
        Finding::DifferingRow(row) if row.is_gone => row.to_string(),
        Finding::DifferingRow(row) => format!("{row} is not as its newest audit row says"),
        Finding::BrokenRow(row) => word_row(row),
        Finding::WrongHandle { row_kind, id, handle } if handle.is_empty() => {
            format!("{row_kind} {id} has no handle")
        }
        Finding::WrongHandle { row_kind, id, handle } => {
            format!("{row_kind} {id} has the handle {}, which is none", quote_text(handle, 40))
        }
        Finding::WrongName { kind, id } => {
            let key = if *kind == Kind::Memory { "key of words" } else { "folded name" };
            format!("wrong {key} of {} {id}", kind.as_str())
        }
        Finding::WrongClaims { kind, id } => format!("wrong claims of {} {id}", kind.as_str()),
        Finding::AuditRowsUnplaced { rows } => {
            format!("not under the project that they are about: {}", count_noun(rows, "audit row"))
        }
        Finding::ExcessAuditPlaces { entries } => {
            format!("{entries} entries of audit rows by project belong to no audit row")
        }
        Finding::SearchEntry { kind, id, fault } => {
            format!("{kind} {id} {}", word_index_fault(*fault))
        }
        Finding::OwnerlessWords { place } => {
            format!("the words at the place {place} of the index belong to no row")
        }
        Finding::Conflict(fault) => word_conflict(fault),
        Finding::Unfinished { message, .. } => {
            format!("it could not be looked at to the end: {message}")
        }
    }
}

fn word_index_fault(fault: IndexFault) -> &'static str {
    match fault {
        IndexFault::NotIndexed => "is not in the index",
        IndexFault::OtherFields => "has another project, type, status or end in the index",
        IndexFault::OtherWords => "has other words in the index",
        IndexFault::NoRow => "is in the index and is not there",
    }
}

fn word_conflict(fault: &ConflictFault) -> String {
    match fault {
        ConflictFault::NotOpened { slot_kind, key, rows } => {
            let key = quote_text(key, MAX_VALUE);
            format!(
                "{rows} rows contradict each other about {slot_kind} {key} and no conflict is open"
            )
        }
        ConflictFault::OtherMembers { id } => {
            format!("the members of conflict {id} are not those that claim")
        }
        ConflictFault::NotSettled { id, note } => {
            format!("conflict {id} should be settled: {note}")
        }
    }
}

fn word_row(row: &RowProblem) -> String {
    let held = quote_text(&row.held, MAX_VALUE);
    let fault = match row.fault {
        RowFault::SourceMissing => format!("starts at the entity {held}, which is not there"),
        RowFault::TargetMissing => format!("ends at the entity {held}, which is not there"),
        RowFault::GraduatedToNothing => "is graduated and points to no entity".to_owned(),
        RowFault::SupersedesItself => {
            "supersedes itself: its successors lead back to it".to_owned()
        }
        RowFault::CitationMissing => format!("cites {held}, which is not there"),
        RowFault::GraduateMissing => format!("became the entity {held}, which is not there"),
        RowFault::SuccessorMissing => {
            format!("is superseded by the memory {held}, which is not there")
        }
        RowFault::MemberMissing => format!("has the member {held}, which is not there"),
        RowFault::UsedMemoryMissing => format!("used the memory {held}, which is not there"),
        RowFault::CitedChunkGone => format!("cites {held}, which went with its source"),
        RowFault::SourceChunkGone => {
            format!("was taken from the chunk {held}, which went with its source")
        }
        RowFault::UsedChunkGone => format!("used the chunk {held}, which went with its source"),
        RowFault::UnknownStatus => format!("has the unknown status {held}"),
        RowFault::UnknownType => format!("has the unknown type {held}"),
        RowFault::UnknownMemberKind => format!("has a member of the unknown kind {held}"),
        RowFault::NotAnObject(column) => format!("has {column} that are no JSON object"),
        RowFault::NotATextList(column) => format!("has {column} that are no JSON list of texts"),
        RowFault::Unsourced => "is active without a source or a signature".to_owned(),
        RowFault::Unrecorded => "has no history".to_owned(),
    };
    format!("{} {} {fault}", row.row_kind, row.id)
}

pub fn word_remedy(remedy: &Remedy) -> String {
    let hint = match remedy {
        Remedy::Follow(hint) => hint.clone(),
        Remedy::Derive(_) => Hint::new("", NextStep::RepairDerivedData),
        Remedy::CopyFile => {
            Hint::new("Copy the file: the copy ends with its last page.", NextStep::BackUpStore)
        }
        Remedy::CorrectRow { id } => Hint::new(
            "Set the row right as its history has it, or restore a backup.",
            NextStep::ShowAudit { id: id.clone() },
        ),
        Remedy::CorrectWord { id } => Hint::new(
            "Write the word that the history has, with another SQLite program, or restore a backup.",
            NextStep::ShowAudit { id: id.clone() },
        ),
        Remedy::RestoreBackup => "Restore a backup from before the damage.".into(),
        Remedy::RestoreHistory => {
            "Nothing makes a history true again: restore a backup from before, and find out who \
             wrote to the file."
                .into()
        }
        Remedy::CorrectValue => {
            "Correct that row with another SQLite program, or restore a backup.".into()
        }
        Remedy::ChangeRow => {
            "It is kept as text: the next change of the row writes it as JSON again.".into()
        }
        Remedy::FindOwner { trigger } => format!(
            "Find out who made it; `DROP TRIGGER {trigger}` in another SQLite program removes it."
        )
        .into(),
        Remedy::RepairOthersFirst => "Repair the findings above, and look again.".into(),
    };
    render_hint_text(&hint)
}

pub fn word_remark(remark: &Remark) -> String {
    match remark {
        Remark::OtherTableForms { tables } => {
            format!("tables in an older form, with every column: {}", tables.join(", "))
        }
        Remark::ForeignObjects { names } => format!("not of this program: {}", names.join(", ")),
        Remark::UnguardedAudit => {
            "a trigger that keeps the audit append-only was dropped or replaced: see schema"
                .to_owned()
        }
        Remark::UnknownType { name, rows } => {
            let name = quote_text(name, MAX_VALUE);
            format!(
                "{} of the type {name}, which this ontology does not have",
                count_noun(rows, "row")
            )
        }
        Remark::Row(row) => word_row(row),
        Remark::NeverStored(row) => format!("{} and never was", word_row(row)),
        Remark::MoreRows { count } => format!("and {count} more rows like that"),
        Remark::LackingSlots { names } => {
            let names = names.join(", ");
            format!(
                "an ontology file adds the slots {names}: without --ontology they are not checked"
            )
        }
        Remark::UntilUpkeep(fault) => {
            format!("{}: a memory expired, and `atocore upkeep` ends it", word_conflict(fault))
        }
    }
}

pub fn word_repair(repair: &Repair) -> String {
    match repair {
        Repair::Upgrade => "the schema of an older file".to_owned(),
        Repair::Indexes => "all indexes".to_owned(),
        Repair::Schema { objects } => objects.join(", "),
        Repair::Handles { rows } => format!("handles, of rows: {rows}"),
        Repair::Claims { rows } => format!("claims, of rows: {rows}"),
        Repair::SearchIndex => "search index".to_owned(),
        Repair::AuditPlaces => "audit places".to_owned(),
        Repair::Conflicts { keys } => format!("conflicts, of keys: {keys}"),
    }
}
