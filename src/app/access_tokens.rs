//! Tokens of callers over the network. They are made on the command line only, so that no answer
//! that is stored for its idempotency key holds a secret.

use crate::model::{Error, Result, Role};
use crate::ops::write::access_tokens;
use crate::store::Db;

/// The beginning of each secret, by which scanners for leaked secrets can know it.
pub const PREFIX: &str = "atocore_";

/// Creates a token; returns its secret.
pub fn create_token(db: &Db, actor: &str, name: &str, role: Role, note: &str) -> Result<String> {
    let secret = format!("{PREFIX}{}", random_text()?);
    db.write(actor, "token create", |tx| {
        access_tokens::create_token(tx, name, role, &secret, note)
    })?;
    Ok(secret)
}

/// Revokes a token; returns whether it was valid.
pub fn revoke_token(db: &Db, actor: &str, name: &str, note: &str) -> Result<bool> {
    db.write(actor, "token revoke", |tx| access_tokens::revoke_token(tx, name, note))
        .map(|(_, revoked)| revoked)
}

/// Returns 256 random bits as text.
pub fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(base16ct::lower::encode_string(&bytes))
}
