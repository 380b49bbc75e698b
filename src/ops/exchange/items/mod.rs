//! Items of files of other programs: what each reader makes of its file, before it becomes import lines,
//! and what each writer makes a file of.

mod exact;
mod item;
mod mapping;
mod plan;
mod stored;

pub use exact::{EXACT, ExactFields, ItemFacts};
pub use item::{ExchangeFile, ExchangeItem, ItemSet, PARENT};
pub use mapping::{ItemField, ItemMapping};
pub use plan::{ItemFileArgs, name_of_text, plan_items};
pub use stored::{StoredItem, StoredItems, StoredLink, read_stored};
