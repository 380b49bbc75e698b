//! Calls with a key of the caller's are done once, and answered each time as the first time.

use serde_json::{Map, Value};

use crate::model::{Error, Result, canonical, text};
use crate::ops::{secrets, validate};
use crate::store::audit::digest;
use crate::store::idempotency::{self, KeyedAnswer};
use crate::store::{Tx, View};

/// Characters of a key.
pub const MAX_KEY: usize = 200;

/// A call and its key.
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

/// A digest that is the same for the same operation with the same arguments, in whatever order.
pub fn digest_call(operation: &str, arguments: &Map<String, Value>) -> String {
    let request = Value::Object(canonical::sorted_map(arguments));
    digest(&format!("{operation} {request}"))
}

/// What the call was answered with, if it was done before.
pub fn stored_answer(view: &View<'_>, call: &Keyed) -> Result<Option<String>> {
    // Before anything is done: work in steps keeps its key after the last.
    secrets::refuse_text(view, "idempotency_key", &call.key)?;
    let problem = match idempotency::get(view, &digest(&call.key))? {
        None => return Ok(None),
        // The digest of the request went with the answer.
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

/// Keeps what the call was answered with, for as long as keys live.
pub fn store_answer(tx: &Tx<'_>, call: Keyed, answer: String) -> Result<()> {
    let Keyed { key, request_digest } = call;
    let expires_at = tx.now.plus_seconds(i64::from(tx.key_hours) * 3_600);
    idempotency::put_answer(tx, &digest(&key), &KeyedAnswer { request_digest, answer }, expires_at)
}
