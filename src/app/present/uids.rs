//! The row that holds the uid of another one.

use schemars::JsonSchema;
use serde::Serialize;

use super::bound::shorten_text;
use super::rows::LINE_TEXT;
use crate::model::text::quote_text;
use crate::store::uids::UidRow;

/// The active row that holds a uid.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UidHolderView {
    kind: &'static str,
    id: String,
    uid: String,
    name: String,
}

impl UidHolderView {
    pub fn new(row: &UidRow) -> Self {
        Self {
            kind: row.kind.as_str(),
            id: row.handle.clone(),
            uid: row.uid.clone(),
            name: shorten_text(&row.name, LINE_TEXT).into_owned(),
        }
    }

    /// Renders the holder for the candidate with this handle.
    pub fn line(&self, handle: &str) -> String {
        let Self { kind, id, uid, name } = self;
        let (uid, name) = (quote_text(uid, LINE_TEXT), quote_text(name, 2 * LINE_TEXT));
        format!("uid {uid} is held by the active {kind} {id} {name}; {handle} is a candidate")
    }
}
