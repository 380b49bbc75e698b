//! The findings and remarks of the doctor as data; whoever shows them words them.

use serde::Serialize;

use super::Topic;
use crate::model::{Error, Hint, Kind};
use crate::ops::verify::{BrokenLink, DifferingRow};
use crate::store::doctor::IntegrityFault;
use crate::store::row_rules::RowFault;
use crate::store::schema::SchemaStage;

/// Something that is wrong in the store.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    FileLength {
        bytes: u64,
        expected: u64,
    },
    /// A fault that SQLite finds, in its words.
    Integrity {
        fault: IntegrityFault,
        text: String,
    },
    BrokenForeignKeys {
        table: String,
        parent: String,
        rows: i64,
    },
    OlderSchema {
        stage: SchemaStage,
    },
    MissingObject {
        object: String,
        name: String,
        derived: bool,
    },
    MissingColumn {
        table: String,
        column: String,
    },
    ForeignTrigger {
        name: String,
        table: String,
    },
    BrokenChain(BrokenLink),
    DifferingRow(DifferingRow),
    BrokenRow(RowProblem),
    /// The handle of a row is missing or malformed.
    WrongHandle {
        row_kind: &'static str,
        id: String,
        handle: String,
    },
    WrongClaims {
        kind: Kind,
        id: String,
    },
    /// Audit rows that the table of audit rows by project does not have where they belong.
    AuditRowsUnplaced {
        rows: i64,
    },
    /// Entries of that table that belong to no audit row.
    ExcessAuditPlaces {
        entries: i64,
    },
    SearchEntry {
        kind: String,
        id: String,
        fault: IndexFault,
    },
    /// Words in the search index that belong to no row.
    OwnerlessWords {
        place: i64,
    },
    Conflict(ConflictFault),
    /// The check could not be made to its end.
    Unfinished {
        topic: Topic,
        message: String,
        #[serde(skip)]
        cause: Cause,
        hint: Hint,
    },
}

/// What kept a check from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    DamagedFile,
    /// An error inside of atocore, mostly because of another finding.
    Internal,
    Other,
}

/// A row that breaks one of the rules of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    pub row_kind: &'static str,
    pub id: String,
    pub fault: RowFault,
    /// The value in the row that the fault is about.
    pub held: String,
}

/// The way in which the search index differs from a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexFault {
    NotIndexed,
    /// Another project, type, status or end.
    OtherFields,
    OtherWords,
    /// It is in the index, and there is no such row.
    NoRow,
}

/// The way in which the conflicts differ from the claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictFault {
    NotOpened { slot_kind: String, key: String, rows: usize },
    OtherMembers { id: String },
    NotSettled { id: String, note: &'static str },
}

/// The way to repair a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Derive again, which the doctor does itself.
    Derive(Topic),
    RestoreBackup,
    /// As above, and find out who changed the history.
    RestoreHistory,
    /// A copy of the file ends with its last page.
    CopyFile,
    /// Correct a row that SQLite finds wrong, or restore a backup.
    CorrectValue,
    /// Set a row right as its history has it, or restore a backup.
    CorrectRow {
        id: String,
    },
    /// Write the word that the history has, or restore a backup.
    CorrectWord {
        id: String,
    },
    /// The next change of the row writes the text as JSON again.
    ChangeRow,
    FindOwner {
        trigger: String,
    },
    RepairOthersFirst,
    Follow(Hint),
}

impl Finding {
    pub fn unfinished(topic: Topic, error: &Error) -> Self {
        let cause = match error {
            error if error.is_damage() => Cause::DamagedFile,
            Error::Internal(_) => Cause::Internal,
            _ => Cause::Other,
        };
        Self::Unfinished { topic, message: error.to_string(), cause, hint: error.hint() }
    }

    /// Whether the file itself is damaged, so that nothing should be written to it.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Integrity { fault: IntegrityFault::Damage, .. }
                | Self::Unfinished { cause: Cause::DamagedFile, .. }
        )
    }

    pub fn remedy(&self) -> Remedy {
        match self {
            Self::FileLength { .. } => Remedy::CopyFile,
            Self::Integrity { fault, .. } => match fault {
                IntegrityFault::Index => Remedy::Derive(Topic::File),
                IntegrityFault::SearchIndex => Remedy::Derive(Topic::SearchIndex),
                IntegrityFault::Value => Remedy::CorrectValue,
                IntegrityFault::Damage => Remedy::RestoreBackup,
            },
            Self::MissingObject { derived: true, .. } | Self::OlderSchema { .. } => {
                Remedy::Derive(Topic::Schema)
            }
            Self::BrokenForeignKeys { .. }
            | Self::MissingObject { .. }
            | Self::MissingColumn { .. } => Remedy::RestoreBackup,
            Self::ForeignTrigger { name, .. } => Remedy::FindOwner { trigger: name.clone() },
            Self::BrokenChain(_) => Remedy::RestoreHistory,
            Self::DifferingRow(row) if row.is_gone => Remedy::RestoreBackup,
            Self::DifferingRow(row) => Remedy::CorrectRow { id: row.id.clone() },
            Self::BrokenRow(row) => row.remedy(),
            Self::WrongHandle { .. } => Remedy::Derive(Topic::Handles),
            Self::WrongClaims { .. } => Remedy::Derive(Topic::Claims),
            Self::AuditRowsUnplaced { .. } | Self::ExcessAuditPlaces { .. } => {
                Remedy::Derive(Topic::AuditPlaces)
            }
            Self::SearchEntry { .. } | Self::OwnerlessWords { .. } => {
                Remedy::Derive(Topic::SearchIndex)
            }
            Self::Conflict(_) => Remedy::Derive(Topic::Conflicts),
            Self::Unfinished { topic, cause, hint, .. } => match (topic, cause) {
                (_, Cause::DamagedFile) => Remedy::Follow(hint.clone()),
                (Topic::SearchIndex, _) => Remedy::Derive(Topic::SearchIndex),
                (_, Cause::Internal) => Remedy::RepairOthersFirst,
                _ => Remedy::Follow(hint.clone()),
            },
        }
    }
}

impl RowProblem {
    fn remedy(&self) -> Remedy {
        match self.fault {
            RowFault::UnknownStatus | RowFault::UnknownType | RowFault::UnknownMemberKind => {
                Remedy::CorrectWord { id: self.id.clone() }
            }
            RowFault::NotAnObject(_) | RowFault::NotATextList(_) => Remedy::ChangeRow,
            _ => Remedy::RestoreBackup,
        }
    }
}

/// Something that is worth knowing and not wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Tables of another program, with every column.
    OtherTableForms {
        tables: Vec<String>,
    },
    /// Objects of the schema that this program does not make.
    ForeignObjects {
        names: Vec<String>,
    },
    /// A trigger that keeps the audit append-only is not as this program makes it.
    UnguardedAudit,
    /// A type that the ontology does not have.
    UnknownType {
        name: String,
        rows: i64,
    },
    Row(RowProblem),
    /// A row names another of which this store never held anything.
    NeverStored(RowProblem),
    /// Rows with the same remark beyond those that are listed.
    MoreRows {
        count: usize,
    },
    /// The conflict is as it should be once the upkeep has ended what expired.
    UntilUpkeep(ConflictFault),
}

/// Something derived that the doctor made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    Upgrade,
    Indexes,
    /// Tables, indexes and triggers.
    Schema {
        objects: Vec<String>,
    },
    Handles {
        rows: usize,
    },
    Claims {
        rows: usize,
    },
    SearchIndex,
    AuditPlaces,
    Conflicts {
        keys: usize,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finding_is_json_with_its_kind_and_its_data() {
        let fault = ConflictFault::OtherMembers { id: "k-1".to_owned() };
        assert_eq!(
            serde_json::to_value(Finding::Conflict(fault)).ok(),
            Some(json!({ "finding": "conflict", "other_members": { "id": "k-1" } }))
        );
        let row = DifferingRow { kind: Kind::Entity, id: "e-1".to_owned(), is_gone: true };
        let expected = json!({
            "finding": "differing_row", "kind": "entity", "id": "e-1", "is_gone": true
        });
        assert_eq!(serde_json::to_value(Finding::DifferingRow(row)).ok(), Some(expected));
    }

    #[test]
    fn only_damage_of_the_file_forbids_repairs() {
        let damaged = Error::storage(crate::model::StorageProblem::Damaged, "pages", "");
        let index = Error::storage(crate::model::StorageProblem::DamagedIndex, "words", "");
        assert!(Finding::unfinished(Topic::Claims, &damaged).is_damage());
        let finding = Finding::unfinished(Topic::SearchIndex, &index);
        assert!(!finding.is_damage());
        assert_eq!(finding.remedy(), Remedy::Derive(Topic::SearchIndex));
        let bug = Error::Internal("no such table".to_owned());
        assert_eq!(Finding::unfinished(Topic::Claims, &bug).remedy(), Remedy::RepairOthersFirst);
    }
}
