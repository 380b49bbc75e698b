//! What a random sequence is made of: operations on a handful of names, so that they meet.

use proptest::prelude::*;

/// One operation. Numbers choose among the rows that there are.
#[derive(Debug, Clone)]
pub enum Step {
    Entity {
        kind: usize,
        name: usize,
        value: i64,
        active: bool,
        project: usize,
    },
    Memory {
        kind: usize,
        subject: usize,
        text: usize,
        active: bool,
        project: usize,
    },
    Link {
        kind: usize,
        source: usize,
        target: usize,
        end: bool,
    },
    PromoteEntity {
        which: usize,
        target: bool,
    },
    EndEntity {
        which: usize,
        how: usize,
        by: usize,
    },
    PromoteMemory(usize),
    EndMemory {
        which: usize,
        how: usize,
        by: usize,
    },
    /// `version`: none is expected, the right one, a wrong one.
    UpdateEntity {
        which: usize,
        value: i64,
        version: usize,
    },
    UpdateMemory {
        which: usize,
        subject: usize,
        text: usize,
        version: usize,
    },
    Graduate {
        which: usize,
        into: Option<usize>,
        promote: bool,
    },
    State {
        key: usize,
        value: usize,
        end: bool,
    },
    Resolve {
        which: usize,
        how: usize,
        winner: usize,
    },
    Alias(usize),
}

pub const TYPES: [&str; 6] =
    ["component", "material", "subsystem", "parameter", "requirement", "decision"];
pub const LINKS: [&str; 5] = ["uses_material", "part_of", "contains", "satisfies", "supersedes"];
pub const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
/// The first two are the same quantity, and the fourth states the last.
pub const TEXTS: [&str; 5] = ["1 kg", "1000 g", "2 kg", "it is 3 kg", "3 kg"];
/// The project that is registered sooner or later, and what it is called before.
pub const PROJECT: &str = "p01-one";
pub const PROJECTS: [&str; 4] = ["", PROJECT, "One", "uno"];
pub const ALIASES: [&str; 3] = ["one", "uno", "p01"];
pub const MEMORY_TYPES: [&str; 3] = ["project", "knowledge", "identity"];
/// How a lifecycle ends.
pub const REJECT: usize = 0;
pub const INVALIDATE: usize = 1;
pub const SUPERSEDE: usize = 2;

pub fn step() -> impl Strategy<Value = Step> {
    let row = || 0..12usize;
    // Mostly one of them, so that rows meet.
    let project = || prop_oneof![3 => Just(1usize), 1 => 0..4usize];
    prop_oneof![
        5 => (0..6usize, 0..2usize, 1..3i64, any::<bool>(), project()).prop_map(
            |(kind, name, value, active, project)| Step::Entity { kind, name, value, active, project }
        ),
        3 => (0..3usize, 0..2usize, 0..5usize, any::<bool>(), project()).prop_map(
            |(kind, subject, text, active, project)| Step::Memory { kind, subject, text, active, project }
        ),
        5 => (0..5usize, row(), row(), prop::bool::weighted(0.2))
            .prop_map(|(kind, source, target, end)| Step::Link { kind, source, target, end }),
        2 => (row(), any::<bool>()).prop_map(|(which, target)| Step::PromoteEntity { which, target }),
        2 => (row(), 0..3usize, row())
            .prop_map(|(which, how, by)| Step::EndEntity { which, how, by }),
        1 => row().prop_map(Step::PromoteMemory),
        2 => (row(), 0..3usize, row())
            .prop_map(|(which, how, by)| Step::EndMemory { which, how, by }),
        1 => (row(), 1..4i64, 0..3usize)
            .prop_map(|(which, value, version)| Step::UpdateEntity { which, value, version }),
        1 => (row(), 0..4usize, 0..5usize, 0..3usize).prop_map(
            |(which, subject, text, version)| Step::UpdateMemory { which, subject, text, version }
        ),
        2 => (row(), prop::option::weighted(0.3, row()), any::<bool>())
            .prop_map(|(which, into, promote)| Step::Graduate { which, into, promote }),
        2 => (0..3usize, 0..5usize, prop::bool::weighted(0.2))
            .prop_map(|(key, value, end)| Step::State { key, value, end }),
        2 => (row(), 0..3usize, row())
            .prop_map(|(which, how, winner)| Step::Resolve { which, how, winner }),
        1 => (0..3usize).prop_map(Step::Alias),
    ]
}

/// What an operation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It made a row, or changed one.
    Done,
    /// It found what was wanted as it is.
    Unchanged,
    /// An error of this code.
    Refused(&'static str),
}

impl Outcome {
    pub fn of(changed: bool) -> Self {
        if changed { Self::Done } else { Self::Unchanged }
    }
}

/// A row that may claim something, by the order in which the rows of its kind were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Entity(usize),
    Memory(usize),
    Link(usize),
    State(usize),
}

/// Which conflict a step settles, as the store names it: its number, and who wins.
#[derive(Debug, Clone, Copy)]
pub struct Chosen {
    pub conflict: usize,
    pub winner: Owner,
}
