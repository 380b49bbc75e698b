//! The format of an export: a header line, the rows in dependency order, the audit rows, and an end
//! line with their number.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::event::{AuditEntry, ChainLink};
use crate::model::text::visible_json;
use crate::model::{Error, Result};
use crate::store::table_dump::{Fields, SCHEMA, SECTIONS};

/// The version of the format that is written, and the newest that can be read.
pub const VERSION: i64 = 1;
/// The `type` of the first line.
pub const HEADER: &str = "atocore_export";
const AUDIT: &str = "audit";
const END: &str = "atocore_export_end";

/// The first line. It has no timestamp, so that the same store gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub version: i64,
    /// The schema version of the exported store.
    pub schema: i64,
    /// The exported project; absent if all are.
    pub project: Option<String>,
    /// Whether the export of a project includes the global rows.
    pub global: bool,
}

/// The last line; if it is missing, the export is truncated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Number of lines between the first and this one.
    pub rows: u64,
}

/// An audit row. The export of a project omits its chain fields, since most of the chain is not
/// exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    id: String,
    memory_id: String,
    entity_kind: String,
    action: String,
    actor: String,
    before_json: String,
    after_json: String,
    note: String,
    timestamp: String,
    before_digest: String,
    after_digest: String,
    note_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    operation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    approval: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    approval_digest: String,
    /// The version of the hash; absent from exports of older programs, which have 1.
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    hash_version: i64,
    /// Set for a row from before the chain, whose snapshots may be incomplete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    before_chain: bool,
}

fn first_version() -> i64 {
    1
}

fn is_first_version(version: &i64) -> bool {
    *version == first_version()
}

/// Whether an audit row is from before the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAge {
    BeforeChain,
    OfChain,
}

impl AuditLine {
    /// Rows without digests also count as old: older versions did not relink rows from before the
    /// chain.
    fn age(&self) -> AuditAge {
        match self.before_chain || self.after_digest.is_empty() {
            true => AuditAge::BeforeChain,
            false => AuditAge::OfChain,
        }
    }
}

/// A parsed line.
#[derive(Debug)]
pub enum ExportLine {
    Header,
    /// A row, with the index of its section.
    Row(usize, Fields),
    Audit(Box<AuditEntry>, AuditAge),
    End(End),
}

impl ExportLine {
    /// Parses a line, or returns the reason why it is not part of an export.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut fields: Fields = serde_json::from_str(text)
            .map_err(|error| format!("it is not a JSON object, or cut off: {error}"))?;
        let name = fields.shift_remove("type");
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        if let Some(number) = SECTIONS.iter().position(|section| section.name == name) {
            return Ok(Self::Row(number, fields));
        }
        match name {
            AUDIT => read(fields).map(|line: AuditLine| {
                let age = line.age();
                Self::Audit(Box::new(line.into()), age)
            }),
            HEADER => read(fields).map(|_: Header| Self::Header),
            END => read(fields).map(Self::End),
            _ => Err(format!("its type {name:?} is none of an export")),
        }
    }
}

/// Parses a header; returns `None` for any other line, which tells exports from other files.
pub fn parse_header(text: &str) -> Option<Result<Header>> {
    let fields: Fields = serde_json::from_str(text).ok()?;
    if fields.get("type").and_then(Value::as_str) != Some(HEADER) {
        return None;
    }
    let number = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0);
    let newer = number("version") > VERSION || number("schema") > SCHEMA;
    if newer {
        return Some(Err(Error::invalid(
            "the export",
            format!(
                "it has format {} and schema {}; this atocore reads up to {VERSION} and {SCHEMA}",
                number("version"),
                number("schema")
            ),
            "Install a newer atocore. Nothing was changed.",
        )));
    }
    let broken = |reason| Error::invalid("line 1", reason, "Export again. Nothing was changed.");
    Some(read(without_type(fields)).map_err(broken))
}

fn without_type(mut fields: Fields) -> Fields {
    fields.shift_remove("type");
    fields
}

fn read<T: serde::de::DeserializeOwned>(fields: Fields) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

/// Formats a line.
pub fn write_line(name: &str, fields: Fields) -> String {
    let mut line = Map::with_capacity(fields.len() + 1);
    line.insert("type".to_owned(), Value::from(name));
    line.extend(fields);
    visible_json(&Value::Object(line).to_string()).into_owned()
}

fn written_value(name: &str, value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(write_line(name, fields)),
        _ => Err(Error::Internal(format!("{name} is no object"))),
    }
}

impl Header {
    pub fn written(&self) -> Result<String> {
        written_value(HEADER, self)
    }
}

impl End {
    pub fn written(&self) -> Result<String> {
        written_value(END, self)
    }
}

/// Formats an audit row, with or without its position in the chain.
pub fn written_audit(entry: &AuditEntry, age: AuditAge, placed: bool) -> Result<String> {
    let entry = entry.clone();
    let line = AuditLine {
        seq: placed.then_some(entry.seq),
        id: entry.id,
        memory_id: entry.subject_id,
        entity_kind: entry.kind,
        action: entry.action,
        actor: entry.actor,
        before_json: entry.before_json,
        after_json: entry.after_json,
        note: entry.note,
        timestamp: entry.timestamp,
        before_digest: entry.chain.before_digest,
        after_digest: entry.chain.after_digest,
        note_digest: entry.chain.note_digest,
        prev_hash: placed.then_some(entry.chain.prev_hash),
        hash: placed.then_some(entry.chain.hash),
        client: entry.client,
        operation: entry.operation,
        approval: entry.approval,
        approval_digest: entry.chain.approval_digest,
        hash_version: entry.chain.version,
        before_chain: age == AuditAge::BeforeChain,
    };
    written_value(AUDIT, &line)
}

impl From<AuditLine> for AuditEntry {
    fn from(line: AuditLine) -> Self {
        Self {
            seq: line.seq.unwrap_or_default(),
            id: line.id,
            subject_id: line.memory_id,
            kind: line.entity_kind,
            action: line.action,
            actor: line.actor,
            timestamp: line.timestamp,
            before_json: line.before_json,
            after_json: line.after_json,
            note: line.note,
            client: line.client,
            operation: line.operation,
            approval: line.approval,
            chain: ChainLink {
                before_digest: line.before_digest,
                after_digest: line.after_digest,
                note_digest: line.note_digest,
                prev_hash: line.prev_hash.unwrap_or_default(),
                hash: line.hash.unwrap_or_default(),
                approval_digest: line.approval_digest,
                version: line.hash_version,
            },
        }
    }
}
