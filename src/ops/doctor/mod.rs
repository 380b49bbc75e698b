//! Looks the whole store over: what is wrong, what mends it, and mends what is only derived.
//!
//! Looking reads and writes nothing, and goes on where one check cannot: a damaged page or a row
//! that cannot be read is a finding, never the end of it.

mod derived;
mod file;
mod knowledge;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Error, Result};
use crate::ops::{claims, search};
use crate::store::reader::Lengths;
use crate::store::schema::SchemaStage;
use crate::store::{self, Tx, View};

/// What the doctor looks at, each a check of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    File,
    ForeignKeys,
    Schema,
    AuditChain,
    Snapshots,
    Values,
    Handles,
    References,
    Claims,
    SearchIndex,
    AuditPlaces,
    Conflicts,
}

impl Topic {
    const ALL: [Self; 12] = [
        Self::File,
        Self::ForeignKeys,
        Self::Schema,
        Self::AuditChain,
        Self::Snapshots,
        Self::Values,
        Self::Handles,
        Self::References,
        Self::Claims,
        Self::SearchIndex,
        Self::AuditPlaces,
        Self::Conflicts,
    ];
    /// What can be said of a file that has to be upgraded first.
    const OF_OLDER: [Self; 2] = [Self::File, Self::ForeignKeys];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::ForeignKeys => "foreign keys",
            Self::Schema => "schema",
            Self::AuditChain => "audit chain",
            Self::Snapshots => "newest snapshots",
            Self::Values => "values",
            Self::Handles => "handles",
            Self::References => "references",
            Self::Claims => "claims",
            Self::SearchIndex => "search index",
            Self::AuditPlaces => "audit places",
            Self::Conflicts => "conflicts",
        }
    }
}

/// What is wrong, and the command or step that mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub what: String,
    pub mend: String,
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub topic: Topic,
    /// How much there was to look at.
    pub looked_at: String,
    /// How many findings there are, those too that are not told one by one.
    pub count: usize,
    pub findings: Vec<Finding>,
    /// What is worth knowing and not wrong.
    pub remarks: Vec<String>,
    /// What has to be derived again.
    #[serde(skip)]
    fixes: BTreeSet<Topic>,
    /// Whether the file itself is damaged, so that nothing should be written to it.
    #[serde(skip)]
    damaged: bool,
}

/// Findings of a check that are told one by one.
const MOST_TOLD: usize = 50;
/// The command that mends what is derived.
const FIX: &str = "`atocore doctor --fix`";
/// What is left where knowledge, its history or the file is damaged.
const RESTORE: &str = "restore a backup from before the damage";

impl Check {
    fn new(topic: Topic) -> Self {
        Self {
            topic,
            looked_at: String::new(),
            count: 0,
            findings: Vec::new(),
            remarks: Vec::new(),
            fixes: BTreeSet::new(),
            damaged: false,
        }
    }

    fn found(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        self.count += 1;
        if self.findings.len() < MOST_TOLD {
            self.findings.push(Finding { what: what.into(), mend: mend.into() });
        }
    }

    /// Something that is derived and wrong.
    fn found_derived(&mut self, fix: Topic, what: impl Into<String>) {
        self.fixes.insert(fix);
        self.found(what, FIX);
    }

    fn remark(&mut self, what: impl Into<String>) {
        self.remarks.push(what.into());
    }

    /// What kept the check from its end.
    fn gave_up(&mut self, error: &Error) {
        self.damaged |= error.is_damage();
        if self.topic == Topic::SearchIndex && !error.is_damage() {
            let what = format!("it could not be looked at to the end: {error}");
            return self.found_derived(Topic::SearchIndex, what);
        }
        let mend = match error {
            Error::Internal(_) => "mend what stands above, and look again".to_owned(),
            error => error.hint().advice,
        };
        self.found(format!("it could not be looked at to the end: {error}"), mend);
    }

    pub fn is_clean(&self) -> bool {
        self.count == 0
    }
}

/// What a look at the whole store came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub checks: Vec<Check>,
}

impl Report {
    pub fn findings(&self) -> usize {
        self.checks.iter().map(|check| check.count).sum()
    }

    pub fn remarks(&self) -> usize {
        self.checks.iter().map(|check| check.remarks.len()).sum()
    }

    /// Whether the file itself is damaged.
    pub fn is_damaged(&self) -> bool {
        self.checks.iter().any(|check| check.damaged)
    }

    /// What has to be derived again, in the order in which one needs the other.
    pub fn fixes(&self) -> BTreeSet<Topic> {
        self.checks.iter().flat_map(|check| check.fixes.iter().copied()).collect()
    }
}

/// Says that nothing of the file can be read, not even what it is.
pub fn unreadable(lengths: Lengths, error: &Error) -> Report {
    let mut check = Check::new(Topic::File);
    check.looked_at = format!("{} bytes", lengths.file);
    check.gave_up(error);
    Report { checks: vec![check] }
}

/// Looks at everything, and shows each check when it is done.
pub fn examine(
    view: &View<'_>,
    stage: SchemaStage,
    lengths: Lengths,
    mut show: impl FnMut(&Check),
) -> Result<Report> {
    let is_current = stage == SchemaStage::Current;
    let topics: &[Topic] = if is_current { &Topic::ALL } else { &Topic::OF_OLDER };
    let mut report = Report::default();
    for topic in topics {
        let mut check = Check::new(*topic);
        match look(view, lengths, &mut check) {
            Err(Error::Busy) => return Err(Error::Busy),
            Err(error) => check.gave_up(&error),
            Ok(()) => {}
        }
        show(&check);
        report.checks.push(check);
    }
    if !is_current {
        let check = file::older(stage);
        show(&check);
        report.checks.push(check);
    }
    Ok(report)
}

fn look(view: &View<'_>, lengths: Lengths, check: &mut Check) -> Result<()> {
    match check.topic {
        Topic::File => file::file(view, lengths, check),
        Topic::ForeignKeys => file::foreign_keys(view, check),
        Topic::Schema => file::schema(view, check),
        Topic::AuditChain => knowledge::audit_chain(view, check),
        Topic::Snapshots => knowledge::snapshots(view, check),
        Topic::Values => knowledge::values(view, check),
        Topic::Handles => derived::handles(view, check),
        Topic::References => knowledge::references(view, check),
        Topic::Claims => derived::claims(view, check),
        Topic::SearchIndex => derived::search_index(view, check),
        Topic::AuditPlaces => derived::audit_places(view, check),
        Topic::Conflicts => derived::conflicts(view, check),
    }
}

/// Derives afresh what a topic is about, from the rows, and says what that was, if it was anything.
/// The slots of conflicts are touched only: the look for conflicts at the end of the write does the
/// rest.
pub fn mend(tx: &Tx<'_>, topic: Topic) -> Result<Option<String>> {
    let told = |count: usize, what: &str| (count > 0).then(|| format!("{what} {count}"));
    Ok(match topic {
        Topic::File => {
            store::shape::reindex(tx)?;
            Some("all indexes".to_owned())
        }
        // An older file was upgraded when it was opened.
        Topic::Schema => Some(store::shape::mend(tx)?.join(", ")).filter(|made| !made.is_empty()),
        Topic::Handles => told(store::handles::repair_handles(tx)?, "handles, of rows:"),
        Topic::Claims => told(claims::mend(tx)?, "claims, of rows:"),
        Topic::SearchIndex => {
            search::index::rebuild(tx)?;
            Some("search index".to_owned())
        }
        Topic::AuditPlaces => {
            store::changes::rebuild(tx)?;
            Some("audit places".to_owned())
        }
        Topic::Conflicts => told(derived::touch_due(tx)?, "conflicts, of keys:"),
        // What they find is knowledge, history or the file itself.
        Topic::ForeignKeys
        | Topic::AuditChain
        | Topic::Snapshots
        | Topic::Values
        | Topic::References => None,
    })
}
