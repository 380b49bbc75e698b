//! StrictDoc documents (`.sdoc`).

mod names;
mod parse;
mod read;
mod write;

pub use read::read_documents;
pub use write::{takes_property, write_document};
