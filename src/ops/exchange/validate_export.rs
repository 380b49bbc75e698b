//! Validates an export before anything is stored: every line is complete and in order, and the hash
//! chain verifies. Collects the newest snapshot of each row.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::exported_values::find_problem;
use super::format::{AuditAge, ExportLine, Header};
use crate::model::event::AuditEntry;
use crate::model::text::count_noun;
use crate::model::{Action, Error, Kind, Result, canonical};
use crate::ops::maintain::audit::chain::{Chain, check_contents};
use crate::store::table_dump::{Fields, Layout, SCHEMA, SECTIONS};

/// The first 16 bytes of a SHA-256: distinguishes half a million rows in little memory.
pub type RowDigest = u128;

pub fn digest_text(text: &str) -> RowDigest {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(0, |mark, byte| mark << 8 | u128::from(*byte))
}

/// Returns the digest of an audited row's kind and id.
pub fn subject_digest(kind: &str, id: &str) -> RowDigest {
    digest_text(&format!("{kind} {id}"))
}

/// Returns the digest of a snapshot, independent of the order of its keys.
pub fn snapshot_mark(snapshot: &Value) -> RowDigest {
    digest_text(&canonical::sort_keys(snapshot).to_string())
}

/// The state of a row according to the export's audit rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownRow {
    /// Its newest snapshot; absent if its whole history is from before the chain.
    pub newest: Option<RowDigest>,
    /// Whether the export's audit rows include a redaction of it.
    pub redacted: bool,
}

/// The result of validating an export.
pub struct ExportValidation {
    pub header: Header,
    pub layout: &'static Layout,
    pub known: HashMap<RowDigest, KnownRow>,
    /// Number of lines between the first and the last.
    pub rows: u64,
    /// Rows with values that only a row from before the chain may have.
    doubtful: Vec<(usize, RowDigest, String)>,
    /// Audited rows in the export, with their lines.
    lines: HashMap<RowDigest, usize>,
    /// The index of the current section, and the last id in it.
    place: (usize, String),
    chain: Chain,
    /// Number of audit rows marked as from before the chain.
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
            doubtful: Vec::new(),
            lines: HashMap::new(),
            place: (0, String::new()),
            chain: Chain::default(),
            before_chain: 0,
            ended: false,
        })
    }

    /// Validates the next line after the header.
    pub fn take(&mut self, number: usize, text: &str) -> Result<()> {
        self.look(text).map_err(|problem| broken_line(number, problem))
    }

    fn look(&mut self, text: &str) -> Result<(), String> {
        if self.ended {
            return Err("it stands behind the end of the export".to_owned());
        }
        match ExportLine::parse(text)? {
            ExportLine::Header => return Err("it is a second header".to_owned()),
            ExportLine::Row(number, mut fields) => {
                self.complete(number, &mut fields);
                self.row(number, &fields)?;
            }
            ExportLine::Audit(entry, age) => self.audit(&entry, age)?,
            ExportLine::End(end) if end.rows == self.rows => {
                self.ended = true;
                return Ok(());
            }
            ExportLine::End(end) => {
                let found = self.rows;
                let rows = count_noun(end.rows, "row");
                return Err(format!("the export had {rows}, and {found} of them are here"));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Adds the columns that the schema of the export did not have yet.
    pub fn complete(&self, number: usize, fields: &mut Fields) {
        if self.header.schema < SCHEMA {
            self.layout.complete(number, fields);
        }
    }

    fn row(&mut self, number: usize, fields: &Fields) -> Result<(), String> {
        if let Some(problem) = self.layout.problem(number, fields) {
            return Err(problem);
        }
        self.check_values(number, fields)?;
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
        if self.place.0 != number {
            self.place = (number.max(self.place.0), String::new());
        }
        if number < self.place.0 || id <= self.place.1.as_str() {
            return Err(format!("{} {id:?} is out of order", SECTIONS[number].name));
        }
        self.place.1 = id.to_owned();
        if let Some(kind) = SECTIONS[number].kind {
            self.lines.insert(subject_digest(kind.as_str(), id), self.rows as usize + 2);
        }
        Ok(())
    }

    fn check_values(&mut self, number: usize, fields: &Fields) -> Result<(), String> {
        let Some(problem) = find_problem(SECTIONS[number].name, fields) else { return Ok(()) };
        match SECTIONS[number].kind.filter(|_| problem.may_be_old) {
            None => Err(problem.text),
            Some(kind) => {
                let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
                let line = self.rows as usize + 2;
                self.doubtful.push((line, subject_digest(kind.as_str(), id), problem.text));
                Ok(())
            }
        }
    }

    fn audit(&mut self, entry: &AuditEntry, age: AuditAge) -> Result<(), String> {
        // No row may follow an audit row.
        self.place = (SECTIONS.len(), String::new());
        let chained = age == AuditAge::OfChain;
        self.before_chain += i64::from(!chained);
        // The line number; the header is line 1.
        let place = self.rows as i64 + 2;
        if self.header.project.is_none() {
            self.chain.take(place, entry)?;
        } else {
            check_contents(entry)?;
            self.chain.cleared.take(place, entry, None);
        }
        let mark = subject_digest(&entry.kind, &entry.subject_id);
        // The Python system allowed deleting rows, so old audit rows may lack their row.
        let kind = Kind::parse(&entry.kind).filter(|kind| *kind != Kind::Store);
        if chained && kind.is_some() && !self.lines.contains_key(&mark) {
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

    /// Returns the line of an audited row.
    pub fn line_of(&self, kind: &str, id: &str) -> Option<usize> {
        self.lines.get(&subject_digest(kind, id)).copied()
    }

    /// Checks at the end that nothing is missing.
    pub fn finish(&self, lines: usize) -> Result<()> {
        if let Some((line, _, problem)) = self.chain.unproven().filter(|_| self.ended) {
            return Err(broken_line(line as usize, problem.to_string()));
        }
        let has_snapshot = |row| self.known.get(row).is_some_and(|known| known.newest.is_some());
        if let Some((line, _, problem)) = self.doubtful.iter().find(|(_, row, _)| has_snapshot(row))
        {
            return Err(broken_line(*line, problem.clone()));
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

/// Returns the error for an invalid line.
pub fn broken_line(number: usize, problem: String) -> Error {
    Error::invalid(
        format!("line {number}"),
        problem,
        "Nothing was stored. Export again, or take another copy of the file.",
    )
}
