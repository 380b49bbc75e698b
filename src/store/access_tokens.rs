//! The table `access_tokens`: tokens of callers over the network, by the digests of their secrets.

use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::{AccessToken, Error, Kind, Result, Role};
use crate::params;

const COLUMNS: &str = "name, role, digest, created_at, revoked_at";

/// Returns the token with a name.
pub fn find_by_name(view: &View<'_>, name: &str) -> Result<Option<AccessToken>> {
    let sql = format!("SELECT {COLUMNS} FROM access_tokens WHERE name = ?1");
    view.conn.one(&sql, params![name], read_token)
}

/// Returns the token whose secret has this digest, valid or revoked.
pub fn find_by_digest(view: &View<'_>, digest: &str) -> Result<Option<AccessToken>> {
    let sql = format!("SELECT {COLUMNS} FROM access_tokens WHERE digest = ?1");
    view.conn.one(&sql, params![digest], read_token)
}

/// Lists all tokens by name.
pub fn list(view: &View<'_>) -> Result<Vec<AccessToken>> {
    let sql = format!("SELECT {COLUMNS} FROM access_tokens ORDER BY name");
    view.conn.all(&sql, &[], read_token)
}

/// Inserts a token; its event must follow, under this subject id.
pub fn insert(tx: &Tx<'_>, subject: &str, token: &AccessToken) -> Result<()> {
    let sql = format!("INSERT INTO access_tokens ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)");
    let AccessToken { name, role, digest, created_at, revoked_at } = token;
    tx.change(
        Kind::Store,
        subject,
        &sql,
        params![name, role.as_str(), digest, created_at, revoked_at],
    )
}

/// Marks a token as revoked; its event must follow.
pub fn mark_revoked(tx: &Tx<'_>, subject: &str, token: &AccessToken) -> Result<()> {
    let sql = "UPDATE access_tokens SET revoked_at = ?2 WHERE name = ?1";
    tx.change(Kind::Store, subject, sql, params![&token.name, &token.revoked_at])
}

fn read_token(row: &SqlRow<'_>) -> Result<AccessToken> {
    let role = row.text("role")?;
    Ok(AccessToken {
        role: Role::parse(&role)
            .ok_or_else(|| Error::Internal(format!("there is no role {role:?}")))?,
        name: row.text("name")?,
        digest: row.text("digest")?,
        created_at: row.text("created_at")?,
        revoked_at: row.text("revoked_at")?,
    })
}
