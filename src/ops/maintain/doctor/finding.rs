//! The findings and remarks of the doctor as data; the caller formats them as text.

use serde::Serialize;

use crate::model::{Error, Hint, Kind};
use crate::ops::maintain::verify::{BrokenLink, DifferingRow};
use crate::store::doctor::IntegrityFault;
use crate::store::row_rules::RowFault;
use crate::store::sqlite::schema::SchemaStage;

/// The topics of the doctor, each a separate check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    File,
    ForeignKeys,
    Schema,
    AuditChain,
    Snapshots,
    Values,
    Handles,
    References,
    Claims,
    SearchIndex,
    AuditPlaces,
    Conflicts,
}

impl Topic {
    pub const ALL: [Self; 12] = [
        Self::File,
        Self::ForeignKeys,
        Self::Schema,
        Self::AuditChain,
        Self::Snapshots,
        Self::Values,
        Self::Handles,
        Self::References,
        Self::Claims,
        Self::SearchIndex,
        Self::AuditPlaces,
        Self::Conflicts,
    ];
    /// The checks that run on a file that needs a schema upgrade first.
    pub const OF_OLDER: [Self; 2] = [Self::File, Self::ForeignKeys];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::ForeignKeys => "foreign keys",
            Self::Schema => "schema",
            Self::AuditChain => "audit chain",
            Self::Snapshots => "newest snapshots",
            Self::Values => "values",
            Self::Handles => "handles",
            Self::References => "references",
            Self::Claims => "claims",
            Self::SearchIndex => "search index",
            Self::AuditPlaces => "audit places",
            Self::Conflicts => "conflicts",
        }
    }
}

/// A fault in the store.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    FileLength {
        bytes: u64,
        expected: u64,
    },
    /// A fault reported by SQLite's integrity check, in its words.
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
    /// The folded name by which a row is found is missing or wrong.
    WrongName {
        kind: Kind,
        id: String,
    },
    /// Audit rows that are missing in the table of audit rows by project.
    AuditRowsUnplaced {
        rows: i64,
    },
    /// Entries of that table without an audit row.
    ExcessAuditPlaces {
        entries: i64,
    },
    SearchEntry {
        kind: String,
        id: String,
        fault: IndexFault,
    },
    /// Words in the search index without a row.
    OwnerlessWords {
        place: i64,
    },
    Conflict(ConflictFault),
    /// The check was aborted by an error.
    Unfinished {
        topic: Topic,
        message: String,
        #[serde(skip)]
        cause: Cause,
        hint: Hint,
    },
}

/// The reason why a check was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    DamagedFile,
    /// An internal error of atocore, usually a consequence of another finding.
    Internal,
    Other,
}

/// A row that violates a consistency rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    pub row_kind: &'static str,
    pub id: String,
    pub fault: RowFault,
    /// The offending value.
    pub held: String,
}

/// A difference between the search index and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexFault {
    NotIndexed,
    /// Another project, type, status or expiry.
    OtherFields,
    OtherWords,
    /// The index holds a row that does not exist.
    NoRow,
}

/// A difference between the conflicts and the claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictFault {
    NotOpened { slot_kind: String, key: String, rows: usize },
    OtherMembers { id: String },
    NotSettled { id: String, note: &'static str },
}

/// The repair of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Rebuild derived data, which the doctor does itself.
    Derive(Topic),
    RestoreBackup,
    /// As `RestoreBackup`, and find out who changed the history.
    RestoreHistory,
    /// Copy the file: the copy ends with the last page.
    CopyFile,
    /// Correct a row that fails SQLite's integrity check, or restore a backup.
    CorrectValue,
    /// Correct a row to match its history, or restore a backup.
    CorrectRow {
        id: String,
    },
    /// Write the word recorded in the history, or restore a backup.
    CorrectWord {
        id: String,
    },
    /// Change the row: that writes its text as JSON again.
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

    /// Returns whether the file itself is damaged, so that nothing should be written to it.
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
            Self::WrongClaims { .. } | Self::WrongName { .. } => Remedy::Derive(Topic::Claims),
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

/// An observation that is not a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Tables as another program created them, with every column.
    OtherTableForms {
        tables: Vec<String>,
    },
    /// Schema objects that this program does not create.
    ForeignObjects {
        names: Vec<String>,
    },
    /// A trigger that keeps the audit log append-only differs from the one of this program.
    UnguardedAudit,
    /// A type that is not in the ontology.
    UnknownType {
        name: String,
        rows: i64,
    },
    Row(RowProblem),
    /// A row names another row that this store never held.
    NeverStored(RowProblem),
    /// The number of rows with the same remark that are not listed.
    MoreRows {
        count: usize,
    },
    /// Slots that the store was used with, and this program lacks.
    LackingSlots {
        names: Vec<String>,
    },
    /// The conflict will be correct once upkeep has processed expired rows.
    UntilUpkeep(ConflictFault),
}

/// Derived data that the doctor rebuilt.
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
