//! Tokens for callers over the network: creates, revokes and recognises them.

use crate::model::event::ProjectPlace;
use crate::model::hash::digest;
use crate::model::{AccessToken, Action, Error, Event, Kind, Result, Role, SubjectKind};
use crate::ops::record::actor::check_actor;
use crate::ops::record::record_change::snapshot_text;
use crate::ops::record::secrets::refuse_text;
use crate::store::{Tx, View, access_tokens};

/// Stores a token by the digest of its secret. Its name is the actor of its calls.
pub fn create_token(
    tx: &Tx<'_>,
    name: &str,
    role: Role,
    secret: &str,
    note: &str,
) -> Result<AccessToken> {
    let name = check_actor(name)?;
    refuse_text(tx, "note", note)?;
    if let Some(existing) = access_tokens::find_by_name(tx, &name)? {
        let state = if existing.revoked_at.is_empty() { "valid" } else { "revoked" };
        return Err(Error::Duplicate {
            subject: SubjectKind::AccessToken,
            given: name,
            existing: format!("a {state} token of role {} has it", existing.role.as_str()),
        });
    }
    let created_at = tx.now.to_string();
    let token =
        AccessToken { name, role, digest: digest(secret), created_at, revoked_at: String::new() };
    access_tokens::insert(tx, &subject_of(&token), &token)?;
    record_event(tx, None, &token, Action::Created, note)?;
    Ok(token)
}

/// Revokes a token; returns it and whether it was valid.
pub fn revoke_token(tx: &Tx<'_>, name: &str, note: &str) -> Result<(AccessToken, bool)> {
    let Some(before) = access_tokens::find_by_name(tx, name)? else {
        let nearest = access_tokens::list(tx)?.into_iter().map(|token| token.name).collect();
        let given = name.to_owned();
        return Err(Error::NotFound { subject: SubjectKind::AccessToken, given, nearest });
    };
    if !before.revoked_at.is_empty() {
        return Ok((before, false));
    }
    refuse_text(tx, "note", note)?;
    let after = AccessToken { revoked_at: tx.now.to_string(), ..before.clone() };
    access_tokens::mark_revoked(tx, &subject_of(&after), &after)?;
    record_event(tx, Some(&before), &after, Action::Invalidated, note)?;
    Ok((after, true))
}

/// Returns the valid token with a secret.
pub fn recognise_token(view: &View<'_>, secret: &str) -> Result<Option<AccessToken>> {
    let found = access_tokens::find_by_digest(view, &digest(secret))?;
    Ok(found.filter(|token| token.revoked_at.is_empty()))
}

/// Whether the token with a name is valid.
pub fn is_valid(view: &View<'_>, name: &str) -> Result<bool> {
    let found = access_tokens::find_by_name(view, name)?;
    Ok(found.is_some_and(|token| token.revoked_at.is_empty()))
}

pub fn list_tokens(view: &View<'_>) -> Result<Vec<AccessToken>> {
    access_tokens::list(view)
}

fn subject_of(token: &AccessToken) -> String {
    format!("token:{}", token.name)
}

fn record_event(
    tx: &Tx<'_>,
    before: Option<&AccessToken>,
    after: &AccessToken,
    action: Action,
    note: &str,
) -> Result<()> {
    tx.record(Event {
        kind: Kind::Store,
        id: &subject_of(after),
        action,
        before: before.map(snapshot_text).transpose()?,
        after: snapshot_text(after)?,
        note,
        place: ProjectPlace::Unknown,
    })
    .map(drop)
}
