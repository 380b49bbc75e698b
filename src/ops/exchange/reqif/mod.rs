//! Requirements Interchange Format (`.reqif`, `.reqifz`).

mod archive;
mod attributes;
mod definitions;
mod hierarchy;
mod names;
mod read;
mod write;
mod xhtml;
mod xml;

pub use read::{read_specifications, takes_property};
pub use write::write_specifications;
