//! A first pass over an export, before anything is stored: every line is whole and in its place, the
//! chain verifies, and it is known what the newest audit row of each row says.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::format::{AuditAge, ExportLine, Header};
use crate::model::event::AuditEntry;
use crate::model::{Action, Error, Kind, Result, canonical};
use crate::ops::audit::chain::{Chain, check_contents};
use crate::store::table_dump::{Fields, Layout, SECTIONS};

/// The first 16 bytes of a SHA-256: enough to tell half a million rows apart in little memory.
pub type RowDigest = u128;

pub fn digest_text(text: &str) -> RowDigest {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(0, |mark, byte| mark << 8 | u128::from(*byte))
}

/// A row that the audit is about.
pub fn subject_digest(kind: &str, id: &str) -> RowDigest {
    digest_text(&format!("{kind} {id}"))
}

/// A snapshot by what it says, in any order of its keys.
pub fn snapshot_mark(snapshot: &Value) -> RowDigest {
    digest_text(&canonical::sort_keys(snapshot).to_string())
}

/// What the export's audit knows of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownRow {
    /// Its newest snapshot; absent if all of its history is older than the chain.
    pub newest: Option<RowDigest>,
    /// Whether it was redacted there.
    pub redacted: bool,
}

/// What was learned about an export.
pub struct ExportValidation {
    pub header: Header,
    pub layout: Layout,
    pub known: HashMap<RowDigest, KnownRow>,
    /// Lines between the first and the last.
    pub rows: u64,
    /// Rows that the audit may be about.
    here: HashSet<RowDigest>,
    /// The number of the section that is being read, and the last id in it.
    place: (usize, String),
    chain: Chain,
    /// Audit rows that the export says are from before the chain.
    before_chain: i64,
    ended: bool,
}

impl ExportValidation {
    pub fn begin(header: Header) -> Result<Self> {
        Ok(Self {
            header,
            layout: Layout::of_schema()?,
            known: HashMap::new(),
            rows: 0,
            here: HashSet::new(),
            place: (0, String::new()),
            chain: Chain::default(),
            before_chain: 0,
            ended: false,
        })
    }

    /// Looks at the next line behind the first.
    pub fn take(&mut self, number: usize, text: &str) -> Result<()> {
        self.look(text).map_err(|problem| broken_line(number, problem))
    }

    fn look(&mut self, text: &str) -> Result<(), String> {
        if self.ended {
            return Err("it stands behind the end of the export".to_owned());
        }
        match ExportLine::parse(text)? {
            ExportLine::Header(_) => return Err("it is a second header".to_owned()),
            ExportLine::Row(number, fields) => self.row(number, &fields)?,
            ExportLine::Audit(entry, age) => self.audit(&entry, age)?,
            ExportLine::End(end) if end.rows == self.rows => {
                self.ended = true;
                return Ok(());
            }
            ExportLine::End(end) => {
                let found = self.rows;
                return Err(format!("the export had {} rows and {found} are here", end.rows));
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn row(&mut self, number: usize, fields: &Fields) -> Result<(), String> {
        if let Some(problem) = self.layout.problem(number, fields) {
            return Err(problem);
        }
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
        if self.place.0 != number {
            self.place = (number.max(self.place.0), String::new());
        }
        if number < self.place.0 || id <= self.place.1.as_str() {
            return Err(format!("{} {id:?} is out of order", SECTIONS[number].name));
        }
        self.place.1 = id.to_owned();
        if let Some(kind) = SECTIONS[number].kind {
            self.here.insert(subject_digest(kind.as_str(), id));
        }
        Ok(())
    }

    fn audit(&mut self, entry: &AuditEntry, age: AuditAge) -> Result<(), String> {
        // No row may follow.
        self.place = (SECTIONS.len(), String::new());
        let chained = age == AuditAge::OfChain;
        self.before_chain += i64::from(!chained);
        // The number of the line, counting from that of the header.
        let place = self.rows as i64 + 2;
        if self.header.project.is_none() {
            self.chain.take(place, entry)?;
        } else {
            check_contents(entry)?;
            self.chain.cleared.take(place, entry, None);
        }
        let mark = subject_digest(&entry.kind, &entry.subject_id);
        // What was deleted before the chain, which the Python system allowed, is no loss.
        let kind = Kind::parse(&entry.kind).filter(|kind| *kind != Kind::Store);
        if chained && kind.is_some() && !self.here.contains(&mark) {
            let (kind, id) = (&entry.kind, &entry.subject_id);
            return Err(format!("it is about {kind} {id}, of which the export has no line"));
        }
        let known = self.known.entry(mark).or_default();
        known.redacted |= entry.action == Action::Redacted.as_str();
        if chained {
            let after: Option<Value> = serde_json::from_str(&entry.after_json).ok();
            known.newest = Some(snapshot_mark(&after.unwrap_or_default()));
        }
        Ok(())
    }

    /// Nothing may be missing at the end.
    pub fn finish(&self, lines: usize) -> Result<()> {
        if let Some((line, _, problem)) = self.chain.unproven().filter(|_| self.ended) {
            return Err(broken_line(line as usize, problem.to_string()));
        }
        let whole = self.header.project.is_none();
        if self.ended && whole && self.before_chain != self.chain.rows_before_chain() {
            let problem = "its audit rows from before the chain are not those that it names";
            return Err(broken_line(lines, problem.to_owned()));
        }
        if self.ended {
            return Ok(());
        }
        Err(broken_line(
            lines,
            "the export ends here without its last line: it was cut off".to_owned(),
        ))
    }
}

/// The error for a line that cannot be taken.
pub fn broken_line(number: usize, problem: String) -> Error {
    Error::invalid(
        format!("line {number}"),
        problem,
        "Nothing was stored. Export again, or take another copy of the file.",
    )
}
