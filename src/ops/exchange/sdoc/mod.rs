//! StrictDoc documents (`.sdoc`).

mod names;
mod parse;
mod read;
mod write;

pub use read::read_documents;
pub use write::write_document;
