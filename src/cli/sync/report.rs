//! The report of a sync as lines and as JSON.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::counts::{ChangeList, SourceCounts};
use crate::app::present::unsound::UnsoundView;
use crate::cli::next_step::{render_hint, render_next_step};
use crate::cli::watch::place_below;
use crate::model::text::{abridge_message, count_noun, quote_text};
use crate::model::watched_source::WatchedSource;
use crate::model::{Error, NextStep, Question, Result};

/// Rows named in a list of the text; the JSON has all.
const MAX_NAMED: usize = 20;
/// Characters of a name.
const MAX_NAME: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    Write,
    DryRun,
    Check,
}

pub struct SyncReport {
    pub mode: SyncMode,
    pub sources: Vec<SourceReport>,
    pub stale: Vec<UnsoundView>,
    pub suspect: Vec<UnsoundView>,
}

/// A source, and what reading it again did.
pub struct SourceReport {
    pub source: WatchedSource,
    /// The folder that its files were looked for in.
    pub root: PathBuf,
    pub result: Result<SourceChanges>,
}

pub struct SourceChanges {
    pub counts: SourceCounts,
    pub lines: Vec<String>,
    pub lists: Vec<ChangeList>,
    pub value: Value,
}

impl SourceChanges {
    /// Whether it has nothing to tell but the number of rows.
    pub fn says_nothing(&self) -> bool {
        let SourceCounts { ended_here, different_here, .. } = self.counts;
        !self.counts.differs() && ended_here + different_here == 0
    }
}

impl SourceReport {
    /// Names the source with its reader and paths.
    pub fn title(&self) -> String {
        let WatchedSource { name, reader, paths, .. } = &self.source;
        let paths: Vec<String> = paths.iter().map(|path| quote_text(path, MAX_NAME)).collect();
        let name = quote_text(name, MAX_NAME);
        format!("source {name}: {} of {}", reader.as_str(), paths.join(", "))
    }

    pub fn problem(error: &Error) -> String {
        let hint = render_hint(error);
        let hint = if hint.is_empty() { hint } else { format!(" ({hint})") };
        abridge_message(&format!("{error}{hint}")).into_owned()
    }
}

impl SyncReport {
    pub fn failed(&self) -> usize {
        self.sources.iter().filter(|source| source.result.is_err()).count()
    }

    pub fn differing(&self) -> usize {
        let differs =
            |source: &&SourceReport| source.result.as_ref().is_ok_and(|done| done.counts.differs());
        self.sources.iter().filter(differs).count()
    }

    /// Counts rows that do not say what their sources still say.
    pub fn different_here(&self) -> usize {
        let done = self.sources.iter().filter_map(|source| source.result.as_ref().ok());
        done.map(|done| done.counts.different_here).sum()
    }

    /// Counts sources that differ still, though their changes were taken over: they have lost rows, or
    /// have refused lines.
    fn unsettled(&self) -> usize {
        let done = self.sources.iter().filter_map(|source| source.result.as_ref().ok());
        done.filter(|done| done.counts.differs() && !done.counts.changes()).count()
    }

    /// Whether the sources have no change for the store, and no row is stale or suspect.
    pub fn is_clean(&self) -> bool {
        self.failed() + self.differing() + self.stale.len() + self.suspect.len() == 0
    }

    /// Says in one line what was found.
    pub fn summary(&self) -> String {
        let differing = self.differing();
        let unchanged = self.sources.len() - differing - self.failed();
        let found = match (self.mode, self.unsettled()) {
            (SyncMode::Write, 0) => format!("{differing} changed"),
            (SyncMode::Write, unsettled) => {
                format!("{} changed, {unsettled} still different", differing - unsettled)
            }
            (SyncMode::DryRun | SyncMode::Check, _) => format!("{differing} different"),
        };
        let here = match self.different_here() {
            0 => String::new(),
            here => format!("; {} different here", count_noun(here as i64, "row")),
        };
        let verdict = match (self.mode, self.is_clean()) {
            (SyncMode::Check, true) => "clean: ",
            (SyncMode::Check, false) => "not clean: ",
            _ => "",
        };
        format!(
            "{verdict}{}: {found}, {unchanged} unchanged, {} failed; {} stale, {} suspect{here}",
            count_noun(self.sources.len() as i64, "source"),
            self.failed(),
            count_noun(self.stale.len() as i64, "row"),
            self.suspect.len()
        )
    }

    /// Names what to do about the findings.
    pub fn next_steps(&self) -> Vec<String> {
        let done = || self.sources.iter().filter_map(|source| source.result.as_ref().ok());
        let mut steps = Vec::new();
        if self.mode != SyncMode::Write && done().any(|done| done.counts.changes()) {
            steps.push("Run `atocore sync` to take the changes over.".to_owned());
        }
        if done().any(|done| done.counts.refused > 0) {
            steps.push("Correct what was refused in its source.".to_owned());
        }
        if done().any(|done| done.counts.missing > 0) {
            steps.push(
                "Rows that a source has no more end with `atocore import FILE --as NAME \
                 --retire-missing`, also in later syncs."
                    .to_owned(),
            );
        }
        if done().any(|done| done.counts.proposed > 0) {
            steps.extend(render_next_step(&NextStep::ReviewCandidates));
        }
        for (rows, question) in
            [(&self.stale, Question::AllGaps), (&self.suspect, Question::SuspectLinks)]
        {
            let step = NextStep::AskQuestion { question };
            steps.extend((!rows.is_empty()).then(|| render_next_step(&step)).flatten());
        }
        let is_absent = |source: &SourceReport| {
            source.result.is_err()
                && source.source.paths.iter().any(|path| !place_below(&source.root, path).exists())
        };
        if self.sources.iter().any(is_absent) {
            steps.push(
                "Sources that were moved are found with --root DIR; `atocore sync --forget NAME` \
                 forgets one."
                    .to_owned(),
            );
        }
        steps
    }

    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.mode != SyncMode::Write {
            lines.push("dry run: nothing was changed; new ids are examples".to_owned());
        }
        for source in &self.sources {
            lines.push(source.title());
            match &source.result {
                Ok(done) if done.says_nothing() => {
                    lines.push(format!("  unchanged {}", done.counts.unchanged));
                }
                Ok(done) => lines.extend(done.lines.iter().map(|line| format!("  {line}"))),
                Err(error) => lines.push(format!("  failed: {}", SourceReport::problem(error))),
            }
        }
        if self.sources.is_empty() {
            lines.push(
                "no source is remembered; `atocore import FILE --as NAME` and `atocore ingest \
                 PATH` do it"
                    .to_owned(),
            );
        }
        for (word, rows) in [("stale", &self.stale), ("suspect", &self.suspect)] {
            lines.push(format!("{word} {}", rows.len()));
            let shown = rows.iter().take(MAX_NAMED);
            lines.extend(shown.map(|row| format!("  {}", row.line())));
            if rows.len() > MAX_NAMED {
                lines.push(format!("  and {} more", rows.len() - MAX_NAMED));
            }
        }
        lines.push(self.summary());
        lines.extend(self.next_steps().into_iter().map(|step| format!("next: {step}")));
        lines
    }

    pub fn value(&self) -> Value {
        let sources = self.sources.iter().map(|source| {
            let WatchedSource { name, reader, paths, .. } = &source.source;
            let root = source.root.display().to_string();
            let mut value = json!({
                "name": name, "reader": reader.as_str(), "root": root, "paths": paths,
            });
            match &source.result {
                Ok(done) => {
                    value["differs"] = done.counts.differs().into();
                    value["counts"] = json!(done.counts);
                    value["report"] = done.value.clone();
                }
                Err(error) => value["error"] = SourceReport::problem(error).into(),
            }
            value
        });
        json!({
            "clean": self.is_clean(),
            "dry_run": self.mode != SyncMode::Write,
            "sources": sources.collect::<Vec<_>>(),
            "stale": self.stale,
            "suspect": self.suspect,
            "next_steps": self.next_steps(),
        })
    }
}
