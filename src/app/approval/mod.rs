//! Approval by a person. The effect of a write is determined by running it up to the commit. If a
//! person has to approve it, it is rolled back and run again after the approval, if its effect
//! would still be the same. No transaction or thread is held in between.

mod gate;
mod question;
mod rows;

pub use gate::{Approval, ApprovalGate, CallOutcome, Consent, PassedWrite, Promotion};
pub use question::{ApprovalQuestion, RowBefore};
