//! What is fuzzed, and what must hold of any input.
//!
//! Two drivers call the same functions: `tests/it/fuzz.rs`, bounded and with a fixed seed, in every
//! run of the tests; and `cargo fuzz` (see `fuzz/`), guided by coverage, for as long as one likes.

pub mod arguments;
pub mod chunks;
pub mod import;
pub mod line;
pub mod memory_file;
pub mod ontology;
pub mod query;
pub mod session;
pub mod values;
pub mod world;

/// A function that panics if what must hold of its input does not.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its folder under `seeds`.
pub const TARGETS: [(&str, Target); 9] = [
    ("arguments", arguments::run),
    ("chunks", chunks::run),
    ("import", import::run),
    ("line", line::run),
    ("memory_file", memory_file::run),
    ("ontology", ontology::run),
    ("query", query::run),
    ("session", session::run),
    ("values", values::run),
];
