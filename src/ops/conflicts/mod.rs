//! Conflicts: found at every write, shown with both sides, settled only when somebody says how.

mod detect;
mod resolve;
mod show;

pub use detect::{Due, detect, due, due_with_expired};
pub use resolve::{Resolution, ResolveRequest, Resolved, resolve};
pub use show::{MemberDetail, Shown, count_open, find_all, list, of_member, show, show_all};
