//! Operations that read: look-up, search, context, history and questions.

pub(crate) mod audit_log;
pub(crate) mod candidates;
mod cited_texts;
pub(crate) mod comparison;
pub(crate) mod completion;
pub mod context;
pub mod graduation;
pub mod history;
pub(crate) mod link_effects;
pub mod lookup;
pub mod marks;
pub(crate) mod named_in_prompt;
pub mod project_counts;
pub(crate) mod queries;
pub(crate) mod row_lists;
pub(crate) mod row_names;
pub mod search;
pub mod status;
