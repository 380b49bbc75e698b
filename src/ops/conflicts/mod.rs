//! Conflicts: found at every write, shown with both sides, settled only when somebody says how.

mod detect;
mod resolve;
mod show;

pub use detect::{Due, detect_conflicts, due_with_expired, find_due};
pub use resolve::{Resolution, ResolveRequest, Resolved, resolve};
pub use show::{
    MemberDetail, Shown, count_open, describe_conflict, find_all, list, of_member, show_all,
};
