//! The `needs.json` of Sphinx-Needs.

mod names;
mod read;
mod write;

pub use names::takes_property;
pub use read::read_needs;
pub use write::write_needs;
