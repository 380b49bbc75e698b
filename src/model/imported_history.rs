//! What an import line says of the past of an entity.

use super::Status;

/// The past of an entity, as only an import may tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedHistory {
    /// Its status, if it is not that of a new row.
    pub status: Option<Status>,
    /// The entity that replaced it: a key of the file, an id, uid or name.
    pub superseded_by: Option<String>,
    /// The decisions that it changes in part, named alike.
    pub amends: Vec<String>,
}
