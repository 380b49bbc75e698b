//! Doorstop: a tree of folders with an item in each YAML file.

mod read;
mod stamp;
mod write;

pub use read::read_tree;
pub use stamp::{DOCUMENT, takes_property};
pub use write::write_tree;
