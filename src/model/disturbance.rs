//! Changes of rows that concern other rows.

use super::succession::LinkSuccession;

/// A change that may give other rows a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disturbance {
    /// The content or status of an entity changed: those linked to it may get one.
    Changed(String),
    /// An entity was linked to another, which may get one.
    Linked { id: String, other: String },
    /// A source no longer has this digest, so that entities that cite it get one. Chunks have none.
    Source { reference: String, digest: String },
    /// The chunk of a memory is gone, so that it gets one.
    ChunkOf(String),
    /// Another entity replaced one, and took over its links.
    Succession(LinkSuccession),
}
