//! Domain types: plain values without SQL, clock, files or protocol.
//!
//! Everything else in the crate depends on this module, and it depends on nothing else in the
//! crate.

pub mod access;
pub(crate) mod canonical;
pub mod claim;
pub(crate) mod conflict;
pub(crate) mod coverage;
pub(crate) mod entity;
pub mod error;
pub mod event;
pub(crate) mod gap;
pub(crate) mod handle;
pub(crate) mod hash;
pub(crate) mod headline;
pub(crate) mod interaction;
pub mod json_loss;
pub mod lifecycle;
pub mod mark;
pub mod markdown;
pub mod markup;
pub mod memory;
pub(crate) mod nearest;
pub(crate) mod next_step;
pub mod ontology;
pub(crate) mod outcome;
pub mod page;
pub mod passages;
pub mod project;
pub mod question;
pub(crate) mod relationship;
pub(crate) mod requested;
pub(crate) mod revision;
pub mod search;
pub(crate) mod secrets;
pub(crate) mod source;
pub mod source_ref;
pub(crate) mod status;
pub mod text;
pub(crate) mod thesaurus;
pub(crate) mod timestamp;
pub(crate) mod upkeep;
pub mod value;
pub mod words;

pub use access::{AccessToken, Role};
pub use claim::{Claim, Slot};
pub use conflict::{Conflict, ConflictMember};
pub use coverage::Verdict;
pub use entity::Entity;
pub use error::{Error, Result, StorageProblem, SubjectKind};
pub use event::{Action, Event, Kind};
pub use gap::Gap;
pub use lifecycle::Transition;
pub use mark::Mark;
pub use memory::Memory;
pub use next_step::{Hint, NextStep};
pub use ontology::Ontology;
pub use outcome::Outcome;
pub use page::{List, Page, PageRequest};
pub use project::{Project, ProjectState, ResolvedProject};
pub use question::Question;
pub use relationship::Relationship;
pub use revision::Revision;
pub use source::{Chunk, DocType, Document};
pub use status::{ConflictStatus, RelationshipStatus, Status};
pub use timestamp::Timestamp;
