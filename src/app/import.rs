//! Runs an import, in batches or at once, and reads its report.

use std::cell::RefCell;

use crate::app::present::conflicts::ConflictView;
use crate::app::present::link_successions::LinkSuccessions;
use crate::app::present::marked::MarkedRows;
use crate::app::present::rows::ProjectUsed;
use crate::model::disturbance::Disturbance;
use crate::model::{ResolvedProject, Result};
use crate::ops::exchange::import_report::ImportReport;
use crate::ops::read::marks::list_newly_marked;
use crate::ops::write::{conflicts, projects};
use crate::store::{Author, Db, OperationSteps, Tx, View};

/// The operation in the audit of an import of lines.
pub const IMPORT: &str = "import";
/// The same of an export, whose rows have their own history.
pub const IMPORT_EXPORT: &str = "import_export";

/// The transactions of an import.
pub struct ImportRun<'a> {
    pub db: &'a Db,
    operation: &'static str,
    actor: &'a str,
    dry_run: bool,
    steps: OperationSteps,
    /// Changes because of which other rows may have a mark now.
    disturbed: RefCell<Vec<Disturbance>>,
}

/// Where batches are stored.
pub enum BatchTarget<'a> {
    /// A transaction for each batch.
    Each(&'a ImportRun<'a>),
    /// One transaction for all, in which a batch refers to rows of earlier ones.
    One(&'a Tx<'a>),
}

/// A report, with the projects and the conflicts that it names.
#[derive(Default)]
pub struct ReadReport {
    /// The handle of the operation, if it changed anything.
    pub operation: Option<String>,
    pub report: ImportReport,
    pub projects: Vec<ProjectUsed>,
    pub conflicts: Vec<ConflictView>,
    /// Links that successors took over.
    pub links: LinkSuccessions,
    /// Rows that rest on changed ones less safely than before.
    pub newly_marked: Vec<MarkedRows>,
}

impl<'a> ImportRun<'a> {
    pub fn new(db: &'a Db, operation: &'static str, actor: &'a str, dry_run: bool) -> Self {
        let (steps, disturbed) = Default::default();
        Self { db, operation, actor, dry_run, steps, disturbed }
    }

    /// Returns the author of all batches, which are steps of one operation.
    fn author(&self) -> Author<'_> {
        Author { steps: Some(&self.steps), ..self.actor.into() }
    }

    /// Stores batches with a transaction for each, so that other writers never wait long. A dry run
    /// needs one transaction.
    pub fn in_batches(
        &self,
        import: impl FnOnce(&BatchTarget<'_>) -> Result<ImportReport>,
    ) -> Result<ReadReport> {
        if self.dry_run {
            return self.at_once(|tx| import(&BatchTarget::One(tx)));
        }
        let report = import(&BatchTarget::Each(self))?;
        let operation = self.steps.handle();
        let disturbed = self.disturbed.take();
        self.db.read(|view| ReadReport::new(view, report, operation)?.marked(view, &disturbed))
    }

    /// Stores everything in one transaction.
    pub fn at_once(
        &self,
        import: impl FnOnce(&Tx<'_>) -> Result<ImportReport>,
    ) -> Result<ReadReport> {
        let write = |db: &Db| {
            db.write(self.author(), self.operation, |tx| {
                let report = import(tx)?;
                let operation = tx.operation_handle().filter(|_| !self.dry_run);
                self.note_disturbances(tx);
                ReadReport::new(tx, report, operation)?.marked(tx, &self.disturbed.take())
            })
        };
        if self.dry_run { self.db.dry_run(write) } else { write(self.db) }
    }

    /// Keeps the changes of rows that were there before. New links are as their source says, and many.
    fn note_disturbances(&self, tx: &Tx<'_>) {
        let is_change =
            |one: &_| matches!(one, Disturbance::Changed(_) | Disturbance::Succession(_));
        self.disturbed.borrow_mut().extend(tx.take_disturbances().into_iter().filter(is_change));
    }
}

impl BatchTarget<'_> {
    pub fn write<T>(&self, store: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::Each(run) => run.db.write(run.author(), run.operation, |tx| {
                let stored = store(tx)?;
                run.note_disturbances(tx);
                Ok(stored)
            }),
            Self::One(tx) => store(tx),
        }
    }
}

impl ReadReport {
    fn new(view: &View<'_>, report: ImportReport, operation: Option<String>) -> Result<Self> {
        let names = report.projects.iter().filter(|name| !name.is_empty());
        let projects = names.map(|name| {
            // Its rows use the name now.
            let project = ResolvedProject { is_used: false, ..projects::resolve(view, name)? };
            Ok(ProjectUsed::new(&project))
        });
        let projects = projects.collect::<Result<_>>()?;
        let ids: Vec<String> = report.conflicts.iter().cloned().collect();
        let shown = conflicts::show_all(view, &conflicts::find_all(view, &ids)?)?;
        let conflicts = shown.iter().map(|one| ConflictView::new(view, one));
        let conflicts = conflicts.collect::<Result<_>>()?;
        Ok(Self { operation, report, projects, conflicts, ..Self::default() })
    }

    fn marked(mut self, view: &View<'_>, disturbed: &[Disturbance]) -> Result<Self> {
        self.links = LinkSuccessions::new(view, disturbed)?;
        for (mark, rows) in list_newly_marked(view, disturbed)? {
            self.newly_marked.push(MarkedRows::new(view, mark, &rows)?);
        }
        Ok(self)
    }
}
