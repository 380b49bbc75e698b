//! The table `idempotency_keys`: stored answers of calls, by digests of their idempotency keys.

use super::handles::handle_of;
use super::tx::{Tx, View};
use crate::model::handle::HandleKind;
use crate::model::{Kind, Result, Timestamp};
use crate::params;

/// The stored answer of a call. Both fields are empty if its content was redacted.
pub struct KeyedAnswer {
    pub request_digest: String,
    pub answer: String,
}

/// Returns the stored answer for a key, unless the key has expired.
pub fn get(view: &View<'_>, key: &str) -> Result<Option<KeyedAnswer>> {
    let sql = "SELECT request_digest, answer FROM idempotency_keys \
         WHERE key = ?1 AND expires_at > ?2";
    view.conn.one(sql, params![key, &view.now.to_string()], |row| {
        Ok(KeyedAnswer { request_digest: row.text("request_digest")?, answer: row.text("answer")? })
    })
}

/// Stores an answer under a key that is free or expired, and deletes expired keys.
pub fn put_answer(tx: &Tx<'_>, key: &str, kept: &KeyedAnswer, expires_at: Timestamp) -> Result<()> {
    drop_expired(tx)?;
    tx.change_uncovered(
        "INSERT INTO idempotency_keys (key, request_digest, answer, expires_at) \
         VALUES (?1, ?2, ?3, ?4)",
        params![key, &kept.request_digest, &kept.answer, &expires_at.to_string()],
    )?;
    Ok(())
}

/// Deletes expired keys with their answers.
pub fn drop_expired(tx: &Tx<'_>) -> Result<()> {
    let sql = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
    tx.change_uncovered(sql, params![&tx.now.to_string()]).map(drop)
}

/// Clears the answers that name a row by handle or id, and the digests of their requests.
pub fn clear(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let handle = HandleKind::of_row(kind).map(|kind| handle_of(tx, kind, id)).transpose()?;
    let handle = handle.flatten().unwrap_or_default();
    let sql = "UPDATE idempotency_keys SET answer = '', request_digest = '' \
         WHERE instr(answer, ?1) > 0 OR (?2 <> '' AND instr(answer, ?2) > 0)";
    tx.change_uncovered(sql, params![id, &handle]).map(drop)
}
