//! The one integration binary: the real program, a real file, real stdio.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod abuse;
mod bounds;
mod concurrency;
mod fuzz;
mod growth;
mod guards;
mod many;
mod prompts;
mod protocol;
mod questions;
mod random;
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
