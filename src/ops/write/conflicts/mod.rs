//! Conflicts: detected at every write, shown with all members, resolved only by an explicit
//! decision.

mod detect;
pub mod members;
pub mod resolve;
mod show;

pub use detect::{Due, detect_conflicts, due_with_expired, find_due, find_expected};
pub use resolve::{ResolveRequest, resolve};
pub use show::{
    MemberDetail, Shown, count_open, describe_conflict, find_all, list, of_member, show_all,
};
