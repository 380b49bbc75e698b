//! Operations that change rows: the nouns, their lifecycle, graduation, conflicts, batches, redaction.

pub mod access_tokens;
pub mod approval;
pub mod baselines;
pub mod batch;
pub mod conflicts;
pub mod entities;
pub mod graduation;
pub mod handoffs;
pub mod interactions;
pub mod join;
pub mod lifecycle;
pub mod lifecycle_rows;
pub mod link_reviews;
pub mod link_succession;
pub mod memories;
pub mod merge_entities;
pub mod project_names;
pub mod projects;
pub mod promotion;
pub mod proposals;
pub mod redact;
pub mod relationships;
pub mod revisions;
pub mod state;
pub mod undo;
pub mod undo_since;
