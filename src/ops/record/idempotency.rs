//! Idempotency keys: a call with a key runs once, and repeats get the stored answer.

use serde_json::{Map, Value};

use crate::model::hash::digest;
use crate::model::{Error, Result, canonical, text};
use crate::ops::record::{secrets, validate};
use crate::store::idempotency::{self, KeyedAnswer};
use crate::store::{Tx, View};

/// Characters of a key.
pub const MAX_KEY: usize = 200;

/// An idempotency key with the digest of its call.
#[derive(Debug, Clone)]
pub struct Keyed {
    key: String,
    request_digest: String,
}

impl Keyed {
    pub fn new(key: &str, operation: &str, arguments: &Map<String, Value>) -> Result<Self> {
        let field = "idempotency_key";
        if text::is_blank(key) {
            return Err(Error::invalid(field, "it is blank", "Give a key, or leave it out."));
        }
        validate::at_most(field, key.chars().count(), MAX_KEY, "characters")?;
        Ok(Self { key: key.to_owned(), request_digest: digest_call(operation, arguments) })
    }
}

/// Returns the digest of an operation and its arguments, independent of the order of keys.
pub fn digest_call(operation: &str, arguments: &Map<String, Value>) -> String {
    let request = Value::Object(canonical::sorted_map(arguments));
    digest(format!("{operation} {request}"))
}

/// Returns the answer stored for the key, if the call was already done.
pub fn stored_answer(view: &View<'_>, call: &Keyed) -> Result<Option<String>> {
    // Checked before any work: a multi-step operation stores its key only after the last step.
    secrets::refuse_text(view, "idempotency_key", &call.key)?;
    let problem = match idempotency::get(view, &digest(&call.key))? {
        None => return Ok(None),
        // Redaction clears the request digest together with the answer.
        Some(kept) if kept.answer.is_empty() => (
            "the call was done, and what it was answered with was redacted since",
            "Nothing was done again. Read the row to see how it is now.",
        ),
        Some(kept) if kept.request_digest != call.request_digest => {
            ("it was given with another call before", "Give each call a key of its own.")
        }
        Some(kept) => return Ok(Some(kept.answer)),
    };
    Err(Error::invalid("idempotency_key", problem.0, problem.1))
}

/// Stores the answer until the key expires (`tx.key_hours`).
pub fn store_answer(tx: &Tx<'_>, call: Keyed, answer: String) -> Result<()> {
    let Keyed { key, request_digest } = call;
    let expires_at = tx.now.plus_seconds(i64::from(tx.key_hours) * 3_600);
    idempotency::put_answer(tx, &digest(&key), &KeyedAnswer { request_digest, answer }, expires_at)
}
