//! Approval over MCP. The question is delivered by elicitation: as a request to the client or,
//! since protocol 2026-07-28, as the result of the call, which the client repeats with the answer.

mod call;
mod elicitor;
mod pending;

pub use elicitor::ToolOutcome;
pub use pending::PendingApprovals;
