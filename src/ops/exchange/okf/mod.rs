//! Open Knowledge Format 0.2: a folder of concepts in Markdown with YAML front matter.

mod links;
mod names;
mod read;
mod sources;
mod write;

pub use names::takes_property;
pub use read::read_bundle;
pub use write::write_bundle;
