//! The table `idempotency_keys`: what calls with a key were answered with, by digests of the keys.

use super::handles::handle_of;
use super::tx::{Tx, View};
use crate::model::handle::HandleKind;
use crate::model::{Kind, Result, Timestamp};
use crate::params;

/// A call that was answered. Both are empty if what it held was redacted.
pub struct KeyedAnswer {
    pub request_digest: String,
    pub answer: String,
}

/// The call with a key, unless the key has expired.
pub fn get(view: &View<'_>, key: &str) -> Result<Option<KeyedAnswer>> {
    let sql = "SELECT request_digest, answer FROM idempotency_keys \
         WHERE key = ?1 AND expires_at > ?2";
    view.conn.one(sql, params![key, &view.now.to_string()], |row| {
        Ok(KeyedAnswer { request_digest: row.text("request_digest")?, answer: row.text("answer")? })
    })
}

/// Keeps an answer under a key that is free or has expired, and drops what has expired.
pub fn put_answer(tx: &Tx<'_>, key: &str, kept: &KeyedAnswer, expires_at: Timestamp) -> Result<()> {
    drop_expired(tx)?;
    tx.change_uncovered(
        "INSERT INTO idempotency_keys (key, request_digest, answer, expires_at) \
         VALUES (?1, ?2, ?3, ?4)",
        params![key, &kept.request_digest, &kept.answer, &expires_at.to_string()],
    )?;
    Ok(())
}

/// Deletes the keys that hold no longer, with what they were kept for.
pub fn drop_expired(tx: &Tx<'_>) -> Result<()> {
    let sql = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
    tx.change_uncovered(sql, params![&tx.now.to_string()]).map(drop)
}

/// Clears the answers that name a row, by its handle or its id, and the digests of their requests.
pub fn clear(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let handle = HandleKind::of_row(kind).map(|kind| handle_of(tx, kind, id)).transpose()?;
    let handle = handle.flatten().unwrap_or_default();
    let sql = "UPDATE idempotency_keys SET answer = '', request_digest = '' \
         WHERE instr(answer, ?1) > 0 OR (?2 <> '' AND instr(answer, ?2) > 0)";
    tx.change_uncovered(sql, params![id, &handle]).map(drop)
}
