//! Decision records as a folder of Markdown files: adr-tools (Nygard), MADR 2 to 4, log4brains.

mod links;
mod read;
mod record;
mod write;

pub use read::read_records;
pub use record::takes_property;
pub use write::{make_slug, write_records};
