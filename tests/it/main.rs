//! The integration tests that are no stories: the real program, a real file, real stdio.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod abuse;
mod approval;
mod backup;
mod bounds;
mod concurrency;
mod doctor;
mod durability;
mod falling_facts;
#[cfg(unix)]
mod faults;
mod fuzz;
mod growth;
mod guards;
mod handles;
mod hidden;
mod hostile;
mod limits;
mod log;
mod many;
mod marks;
mod memory;
mod paths;
mod pipes;
mod prompts;
mod protocol;
mod questions;
mod random;
mod read_only;
mod redact;
mod redact_verify;
mod relink;
mod resources;
mod review;
mod search;
mod server_memory;
mod sources;
mod support;
mod surface;
mod tampering;
mod tidy;
mod transfer;
mod undo;
mod upgrade;
mod upkeep;
mod write_path;
