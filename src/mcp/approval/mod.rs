//! Approval over the protocol: the question goes out by elicitation, as a request to the client or,
//! since 2026-07-28, as the result of the call, which the client repeats with the answer.

mod call;
mod elicitor;
mod pending;

pub use elicitor::ToolOutcome;
pub use pending::PendingApprovals;
