//! Tokens of callers over the network. They are made on the command line only, so that no answer
//! that is stored for its idempotency key holds a secret.

use crate::model::{AccessToken, Error, Result, Role};
use crate::ops::View;
use crate::ops::write::access_tokens;
use crate::store::Db;

/// The beginning of each secret, by which scanners for leaked secrets can know it.
const PREFIX: &str = "atocore_";

/// Creates a token; returns its secret.
pub fn create_token(db: &Db, actor: &str, name: &str, role: Role, note: &str) -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    let secret = format!("{PREFIX}{}", base16ct::lower::encode_string(&bytes));
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

pub fn list_tokens(view: &View<'_>) -> Result<Vec<AccessToken>> {
    access_tokens::list_tokens(view)
}

/// Returns the valid token with a secret.
pub fn recognise_token(view: &View<'_>, secret: &str) -> Result<Option<AccessToken>> {
    access_tokens::recognise_token(view, secret)
}

/// Whether the token with a name is valid.
pub fn is_valid(view: &View<'_>, name: &str) -> Result<bool> {
    let found = access_tokens::list_tokens(view)?.into_iter().find(|token| token.name == name);
    Ok(found.is_some_and(|token| token.revoked_at.is_empty()))
}
