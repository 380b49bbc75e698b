//! Approval by a person. The effect of a write is found by doing it up to the commit; if a person
//! has to approve it, it is rolled back, and done for good once they agreed and it would still do
//! the same. Between the two nothing is held: no transaction, no thread.

mod gate;
mod question;

pub use gate::{Approval, ApprovalGate, CallOutcome};
pub use question::{ApprovalQuestion, RowBefore};
