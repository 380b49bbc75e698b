//! Approval by a person: what a write would do is found out by doing it, up to the commit. If a
//! person has to approve it, it is rolled back, put before them, and done for good when they said
//! yes and it would still do the same.
//!
//! The question goes out by the protocol's own elicitation: as a request to the client, or, since
//! 2026-07-28, as the result of the call, which the client repeats with the answer. Meanwhile
//! nothing is held: no transaction, no thread.

mod ask;
mod converse;
mod desk;
mod gate;
mod question;

pub use ask::Outcome;
pub use desk::Desk;
pub use gate::{Approval, Called, Gate};
pub use question::Before;
