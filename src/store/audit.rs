//! The audit log (table `memory_audit`): appending, reading, and its hash chain.
//!
//! Each row's hash covers the previous row's hash and digests of before, after and note, so
//! clearing those contents leaves the chain verifiable. Rows older than the chain ("pre-chain
//! rows") were sealed together by the first link and got hashes later. If one of them was cleared
//! before that, its `before_digest` keeps the seal up to and including it.

use sha2::{Digest, Sha256};

use super::audit_by_project;
use super::operation_log;
use super::sqlite::sql::SqlRow;
use super::tx::{Head, Tx, View};
use crate::model::event::{AUDIT_SUBJECT, AuditEntry, ChainLink, HASH_VERSION, ProjectPlace};
use crate::model::hash::digest;
use crate::model::{Action, Event, Kind, Result};
use crate::params;

pub(super) const COLUMNS: &str = "seq, id, memory_id, entity_kind, action, actor, timestamp, before_json, \
    after_json, note, before_digest, after_digest, note_digest, prev_hash, hash, client, operation, \
    approval, approval_digest, hash_version";

/// Returns the SHA-256 over length-prefixed fields, so that different field lists never hash the
/// same bytes.
fn digest_fields(fields: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(field.len().to_string());
        hasher.update(":");
        hasher.update(field);
    }
    base16ct::lower::encode_string(&hasher.finalize())
}

/// Computes the hash that a row must have.
pub fn link_hash(entry: &AuditEntry) -> String {
    let chain = &entry.chain;
    let seq = entry.seq.to_string();
    let first: [&str; 11] = [
        &chain.prev_hash,
        &seq,
        &entry.id,
        &entry.subject_id,
        &entry.kind,
        &entry.action,
        &entry.actor,
        &entry.timestamp,
        &chain.before_digest,
        &chain.after_digest,
        &chain.note_digest,
    ];
    if chain.version < HASH_VERSION {
        return digest_fields(&first);
    }
    let version = chain.version.to_string();
    let more: [&str; 3] = [&entry.client, &entry.operation, &chain.approval_digest];
    digest_fields(&[&[version.as_str()], &first[..], &more[..]].concat())
}

/// Extends the seal by one more pre-chain row.
pub fn compute_seal(sealed: &str, entry: &AuditEntry) -> String {
    digest_fields(&[
        sealed,
        &entry.seq.to_string(),
        &entry.id,
        &entry.subject_id,
        &entry.kind,
        &entry.action,
        &entry.actor,
        &entry.timestamp,
        &entry.before_json,
        &entry.after_json,
        &entry.note,
    ])
}

/// Returns the seal up to and including a pre-chain row; a cleared row has it stored.
pub fn sealed_with(sealed: &str, entry: &AuditEntry) -> String {
    match entry.chain.before_digest.as_str() {
        "" => compute_seal(sealed, entry),
        kept => kept.to_owned(),
    }
}

/// Returns the chain head; if no row has a hash, its hash is the seal over all rows.
pub fn chain_head(view: &View<'_>) -> Result<Head> {
    let sql = "SELECT seq, hash FROM memory_audit WHERE seq = (SELECT max(seq) FROM memory_audit)";
    let last = view.conn.one(sql, &[], |row| Ok((row.integer("seq")?, row.text("hash")?)))?;
    let Some((seq, hash)) = last else { return Ok(Head { seq: 0, hash: String::new() }) };
    if !hash.is_empty() {
        return Ok(Head { seq, hash });
    }
    let mut sealed = String::new();
    for_each(view, |entry| {
        sealed = sealed_with(&sealed, entry);
        Ok(())
    })?;
    Ok(Head { seq, hash: sealed })
}

/// Returns the instant of the newest row of the chain.
pub fn newest_instant(view: &View<'_>) -> Result<Option<String>> {
    let sql = "SELECT timestamp FROM memory_audit WHERE seq = (SELECT max(seq) FROM memory_audit)";
    view.conn.one(sql, &[], |row| row.text("timestamp"))
}

impl Tx<'_> {
    /// Appends the event to the audit log and its hash chain; returns its id.
    pub fn record(&self, event: Event<'_>) -> Result<String> {
        self.record_as(self.actor, event)
    }

    /// As [`Tx::record`], under another actor: for changes that are side effects of the write.
    pub fn record_as(&self, actor: &str, event: Event<'_>) -> Result<String> {
        let before_json = event.before.unwrap_or_else(|| "{}".to_owned());
        let after_json = event.after;
        let (note, approval) = (event.note.to_owned(), self.approval());
        let id = self.new_id();
        let entry = AuditEntry {
            seq: 0,
            client: self.client.to_owned(),
            operation: operation_log::operation_of(self, &id)?,
            id,
            subject_id: event.id.to_owned(),
            kind: event.kind.as_str().to_owned(),
            action: event.action.as_str().to_owned(),
            actor: actor.to_owned(),
            timestamp: self.now.to_string(),
            chain: ChainLink {
                before_digest: digest(&before_json),
                after_digest: digest(&after_json),
                note_digest: digest(&note),
                approval_digest: digest(&approval),
                version: HASH_VERSION,
                ..ChainLink::default()
            },
            before_json,
            after_json,
            note,
            approval,
        };
        let id = entry.id.clone();
        append(self, entry, event.place)?;
        self.note_recorded(event.kind, event.id);
        Ok(id)
    }

    /// Appends an imported audit row to this store's chain: its content and digests are kept, its
    /// sequence number and hash are new. A row that is older than its own store's chain gets the
    /// digests that it lacks.
    pub fn adopt_history(&self, entry: &AuditEntry) -> Result<()> {
        let mut entry = entry.clone();
        let chain = &mut entry.chain;
        if chain.after_digest.is_empty() {
            chain.before_digest = digest(&entry.before_json);
            chain.after_digest = digest(&entry.after_json);
            chain.note_digest = digest(&entry.note);
        }
        if chain.version < HASH_VERSION {
            chain.approval_digest = digest(&entry.approval);
            chain.version = HASH_VERSION;
        }
        note_history(self, &entry);
        append(self, entry, ProjectPlace::Unknown)
    }

    /// Imports an audit row with its sequence number and hash, into a store without a chain.
    pub fn adopt_chain(&self, entry: &AuditEntry) -> Result<()> {
        self.take_head();
        note_history(self, entry);
        insert(self, entry, ProjectPlace::Unknown)
    }
}

fn note_history(tx: &Tx<'_>, entry: &AuditEntry) {
    if let Some(kind) = Kind::parse(&entry.kind) {
        tx.adopt_without_history(kind, &entry.subject_id);
    }
}

/// Links a row to the head of the chain, and inserts it as the new head.
fn append(tx: &Tx<'_>, mut entry: AuditEntry, place: ProjectPlace<'_>) -> Result<()> {
    let head = tx.take_head().map_or_else(|| chain_head(tx), Ok)?;
    entry.seq = head.seq + 1;
    entry.chain.prev_hash = head.hash;
    entry.chain.hash = link_hash(&entry);
    insert(tx, &entry, place)?;
    tx.note_seq(entry.seq);
    tx.set_head(Head { seq: entry.seq, hash: entry.chain.hash });
    Ok(())
}

/// Inserts the row as given, with `OR FAIL`: one failing single-row statement leaves nothing to
/// undo. SQLite's default, ABORT, would copy every page that the trigger's statement changes.
fn insert(tx: &Tx<'_>, entry: &AuditEntry, place: ProjectPlace<'_>) -> Result<()> {
    let chain = &entry.chain;
    tx.change_uncovered(
        &format!(
            "INSERT OR FAIL INTO memory_audit ({COLUMNS}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
             ?18, ?19, ?20)"
        ),
        params![
            entry.seq,
            &entry.id,
            &entry.subject_id,
            &entry.kind,
            &entry.action,
            &entry.actor,
            &entry.timestamp,
            &entry.before_json,
            &entry.after_json,
            &entry.note,
            &chain.before_digest,
            &chain.after_digest,
            &chain.note_digest,
            &chain.prev_hash,
            &chain.hash,
            &entry.client,
            &entry.operation,
            &entry.approval,
            &chain.approval_digest,
            chain.version,
        ],
    )?;
    audit_by_project::add_audit_row(tx, entry, place)
}

pub(super) fn read_entry(row: &SqlRow<'_>) -> Result<AuditEntry> {
    Ok(AuditEntry {
        seq: row.integer("seq")?,
        id: row.text("id")?,
        subject_id: row.text("memory_id")?,
        kind: row.text("entity_kind")?,
        action: row.text("action")?,
        actor: row.text("actor")?,
        timestamp: row.text("timestamp")?,
        before_json: row.text("before_json")?,
        after_json: row.text("after_json")?,
        note: row.text("note")?,
        client: row.text("client")?,
        operation: row.text("operation")?,
        approval: row.text("approval")?,
        chain: ChainLink {
            before_digest: row.text("before_digest")?,
            after_digest: row.text("after_digest")?,
            note_digest: row.text("note_digest")?,
            approval_digest: row.text("approval_digest")?,
            prev_hash: row.text("prev_hash")?,
            hash: row.text("hash")?,
            version: row.integer("hash_version")?,
        },
    })
}

/// Lists the rows about one subject after `after_seq`, oldest first.
pub fn of_subject(
    view: &View<'_>,
    id: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memory_audit WHERE memory_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
    );
    view.conn.all(&sql, params![id, after_seq, limit], read_entry)
}

/// Lists the rows of one operation after `after_seq`, in order.
pub fn of_operation(
    view: &View<'_>,
    handle: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memory_audit WHERE operation = ?1 AND operation <> '' AND seq > ?2 \
         ORDER BY seq LIMIT ?3"
    );
    view.conn.all(&sql, params![handle, after_seq, limit], read_entry)
}

pub fn count_of_operation(view: &View<'_>, handle: &str) -> Result<i64> {
    let sql = "SELECT count(*) AS n FROM memory_audit WHERE operation = ?1 AND operation <> ''";
    view.conn.number(sql, params![handle])
}

/// Returns the row with a sequence number.
pub fn entry_at(view: &View<'_>, seq: i64) -> Result<Option<AuditEntry>> {
    view.conn.one(
        &format!("SELECT {COLUMNS} FROM memory_audit WHERE seq = ?1"),
        params![seq],
        read_entry,
    )
}

/// Lists the rows after a sequence number, in order.
pub fn rows_after(view: &View<'_>, seq: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let sql = format!("SELECT {COLUMNS} FROM memory_audit WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    view.conn.all(&sql, params![seq, limit], read_entry)
}

/// Whether the audit log begins with pre-chain rows, which have no hash.
pub fn has_unlinked(view: &View<'_>) -> Result<bool> {
    let sql = "SELECT hash FROM memory_audit WHERE seq = (SELECT min(seq) FROM memory_audit)";
    let first = view.conn.one(sql, &[], |row| row.text("hash"))?;
    Ok(first.is_some_and(|hash| hash.is_empty()))
}

/// Returns the sequence number of the last pre-chain row if these rows were given hashes; else 0.
pub fn last_relinked(view: &View<'_>) -> Result<i64> {
    let said =
        last_entry(view, AUDIT_SUBJECT, Action::Relinked)?.and_then(|entry| entry.relinking());
    Ok(said.map_or(0, |said| said.last_row))
}

/// Runs a part of the write that may change digests and hashes: drops the trigger that forbids it
/// and creates it again afterwards.
pub fn with_writable_links<T>(tx: &Tx<'_>, part: impl FnOnce() -> Result<T>) -> Result<T> {
    let trigger = "memory_audit_keeps_content";
    tx.conn.batch(&format!("DROP TRIGGER IF EXISTS {trigger}"))?;
    let value = part()?;
    tx.conn.batch(&super::sqlite::schema_diff::creation_of(trigger)?)?;
    Ok(value)
}

/// Updates the digests and hashes of a row.
pub fn set_link(tx: &Tx<'_>, entry: &AuditEntry) -> Result<()> {
    let ChainLink { before_digest, after_digest, note_digest, prev_hash, hash, .. } = &entry.chain;
    let sql = "UPDATE memory_audit SET before_digest = ?2, after_digest = ?3, note_digest = ?4, \
         prev_hash = ?5, hash = ?6 WHERE seq = ?1";
    let links = params![entry.seq, before_digest, after_digest, note_digest, prev_hash, hash];
    tx.change_uncovered(sql, links).map(drop)
}

/// Returns the newest row about a subject with the given action.
pub fn last_entry(view: &View<'_>, id: &str, action: Action) -> Result<Option<AuditEntry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memory_audit WHERE memory_id = ?1 AND action = ?2 \
         ORDER BY seq DESC LIMIT 1"
    );
    view.conn.one(&sql, params![id, action.as_str()], read_entry)
}

/// Returns the newest row about a subject.
pub fn newest_of_subject(view: &View<'_>, id: &str) -> Result<Option<AuditEntry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memory_audit WHERE memory_id = ?1 ORDER BY seq DESC LIMIT 1"
    );
    view.conn.one(&sql, params![id], read_entry)
}

pub fn count_of_subject(view: &View<'_>, id: &str) -> Result<i64> {
    view.conn.number("SELECT count(*) AS n FROM memory_audit WHERE memory_id = ?1", params![id])
}

/// Visits every row in order, with one in memory at a time.
pub fn for_each(view: &View<'_>, mut visit: impl FnMut(&AuditEntry) -> Result<()>) -> Result<()> {
    let sql = format!("SELECT {COLUMNS} FROM memory_audit ORDER BY seq");
    view.conn.scan(&sql, &[], |row| visit(&read_entry(row)?))
}

/// The newest snapshot of a row in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    pub kind: String,
    pub id: String,
    pub after_json: String,
}

/// Visits the newest snapshot of every audited row in one pass ordered by id, with one row in
/// memory at a time.
pub fn for_each_newest(
    view: &View<'_>,
    mut visit: impl FnMut(&Newest) -> Result<()>,
) -> Result<()> {
    let sql = "SELECT memory_id, entity_kind, after_json FROM memory_audit \
         WHERE hash <> '' AND seq > ?1 ORDER BY memory_id, seq";
    // Ids are unique across kinds here, but a foreign file may use one id for a row of each kind.
    let mut newest: Vec<Newest> = Vec::new();
    view.conn.scan(sql, params![last_relinked(view)?], |row| {
        let (id, kind) = (row.text("memory_id")?, row.text("entity_kind")?);
        if newest.first().is_some_and(|known| known.id != id) {
            newest.drain(..).try_for_each(|row| visit(&row))?;
        }
        newest.retain(|known| known.kind != kind);
        newest.push(Newest { kind, id, after_json: row.text("after_json")? });
        Ok(())
    })?;
    newest.iter().try_for_each(visit)
}

/// Returns the time of the newest audit row with the given action on a row.
pub fn last_of(view: &View<'_>, kind: Kind, id: &str, action: Action) -> Result<Option<String>> {
    let sql = "SELECT timestamp FROM memory_audit \
         WHERE memory_id = ?1 AND entity_kind = ?2 AND action = ?3 ORDER BY seq DESC LIMIT 1";
    view.conn.one(sql, params![id, kind.as_str(), action.as_str()], |row| row.text("timestamp"))
}
