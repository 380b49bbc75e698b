//! Operations that read: look-up, search, context, history and questions.

pub(crate) mod candidates;
pub(crate) mod completion;
pub mod context;
pub mod history;
pub mod lookup;
pub mod marks;
pub(crate) mod queries;
pub(crate) mod row_lists;
pub(crate) mod row_names;
pub mod search;
