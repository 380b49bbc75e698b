//! The one integration binary: the real program, a real file, real stdio.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod approval;
mod bounds;
mod concurrency;
mod durability;
mod growth;
mod guards;
mod log;
mod many;
mod prompts;
mod protocol;
mod questions;
mod random;
mod read_only;
mod resources;
mod search;
mod server_memory;
mod sources;
mod stories;
mod support;
mod surface;
mod tidy;
mod transfer;
mod upgrade;
mod upkeep;
