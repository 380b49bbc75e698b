//! Runs every write: rights, idempotency, dry run, transaction, operation, conflict detection,
//! approval, answer.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::{Answer, Output, Written};
use super::approval::{ApprovalGate, Consent, PassedWrite, Promotion};
use super::schema::parse;
use crate::model::secrets::{self, SecretLocation};
use crate::model::{Error, Result};
use crate::ops::record::idempotency::{self, Keyed};
use crate::ops::record::record_change::snapshot_text;
use crate::ops::record::secrets::{mask_json, refuse_location};
use crate::ops::sources::files::Root;
use crate::ops::write::conflicts;
pub use crate::store::operations::COMMAND_LINE;
use crate::store::{Author, Db, OperationSteps, Tx, View};

/// The caller of a write, with its rights.
#[derive(Clone)]
pub struct Caller {
    /// The name for the audit.
    pub actor: String,
    /// Name and version of the client; `cli` on the command line.
    pub client: String,
    /// The operation of the call, also if it writes in steps.
    pub steps: Arc<OperationSteps>,
    /// Folders that sources may be read from.
    pub roots: Arc<[Root]>,
    /// The project of calls that name none.
    pub default_project: Option<String>,
    /// Checked before each commit.
    pub gate: ApprovalGate,
}

impl Caller {
    /// A caller with all rights, who names the project of each call.
    pub fn new(actor: &str) -> Self {
        let gate = ApprovalGate::new(Promotion::Agent, Consent::NotAsked);
        let (actor, client) = (actor.to_owned(), COMMAND_LINE.to_owned());
        let (roots, steps) = Default::default();
        Self { actor, client, steps, roots, default_project: None, gate }
    }

    /// Returns the author of the call's writes.
    pub fn author(&self) -> Author<'_> {
        Author { actor: &self.actor, client: &self.client, steps: Some(&self.steps) }
    }
}

/// Arguments of every write.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WriteOptions {
    pub actor: Option<String>,
    /// Why.
    #[serde(alias = "reason")]
    note: Option<String>,
    /// Done once per key.
    idempotency_key: Option<String>,
    /// Only show the effect.
    dry_run: bool,
    #[serde(skip)]
    keyed: Option<Keyed>,
    /// The first likely secret in all arguments, as they were given: what is derived from them may no
    /// longer look like one, or be stored in an answer only.
    #[serde(skip)]
    secret: Option<SecretLocation>,
}

/// The names of the options, and `reason`, an alias of `note`.
const NAMES: [&str; 5] = ["actor", "note", "idempotency_key", "dry_run", "reason"];

impl WriteOptions {
    /// Removes the options from the arguments, so that the operation can refuse unknown arguments.
    pub(super) fn take(operation: &str, arguments: &mut Map<String, Value>) -> Result<Self> {
        let secret = secrets::find_in_fields(arguments);
        let given = NAMES.iter().filter_map(|name| arguments.shift_remove_entry(*name));
        let mut common: Map<String, Value> = given.collect();
        let mut options: Self = Self { secret, ..parse(common.clone())? };
        if let Some(key) = &options.idempotency_key {
            if let Some(reason) = common.shift_remove("reason").filter(|reason| !reason.is_null()) {
                common.insert("note".to_owned(), reason);
            }
            common.retain(|name, _| !matches!(name.as_str(), "idempotency_key" | "dry_run"));
            common.extend(arguments.clone());
            options.keyed = Some(Keyed::new(key, operation, &common)?);
        }
        Ok(options)
    }

    fn note(&self) -> &str {
        self.note.as_deref().unwrap_or_default()
    }
}

/// Runs a write in one transaction.
pub(super) fn run_write<O: Output>(
    db: &Db,
    caller: &Caller,
    operation: &'static str,
    options: WriteOptions,
    work: impl FnOnce(&Tx<'_>, &str) -> Result<Written<O>>,
) -> Result<Answer> {
    let dry_run = options.dry_run;
    let transaction = |db: &Db, gate: &ApprovalGate| {
        db.write(caller.author(), operation, |tx| {
            if let Some(answer) = stored_answer(tx, &options)? {
                return Ok(answer);
            }
            let passed = gate.pass(tx, operation, options.note(), || {
                let written = work(tx, options.note())?;
                let changed = conflicts::detect_conflicts(tx)?;
                written.conflicts(tx, &changed)?.marked(tx, &tx.take_disturbances())
            })?;
            let operation = tx.operation_handle();
            let answer = match passed {
                PassedWrite::Done(written) => written.done_in(operation).into_answer(dry_run),
                PassedWrite::Proposed(written) => written.done_in(operation).into_answer(dry_run),
            };
            store_answer(tx, options.keyed.clone(), &answer)?;
            Ok(answer)
        })
    };
    if dry_run {
        db.dry_run(|db| transaction(db, &caller.gate.for_dry_run()))
    } else {
        transaction(db, &caller.gate)
    }
}

/// Runs a stepped write, with a transaction for each step. If it is interrupted, the call can be
/// repeated with its idempotency key.
pub(super) fn run_steps<O: Output>(
    db: &Db,
    caller: &Caller,
    operation: &'static str,
    options: WriteOptions,
    work: impl FnOnce(&Db, &Caller, &str) -> Result<Written<O>>,
) -> Result<Answer> {
    if options.dry_run {
        let caller = Caller { gate: caller.gate.for_dry_run(), ..caller.clone() };
        return db.dry_run(|db| run_keyed_steps(db, &caller, operation, &options, work));
    }
    run_keyed_steps(db, caller, operation, &options, work)
}

fn run_keyed_steps<O: Output>(
    db: &Db,
    caller: &Caller,
    operation: &'static str,
    options: &WriteOptions,
    work: impl FnOnce(&Db, &Caller, &str) -> Result<Written<O>>,
) -> Result<Answer> {
    if let Some(answer) = db.read(|view| stored_answer(view, options))? {
        return Ok(answer);
    }
    let written = work(db, caller, options.note())?.done_in(caller.steps.handle());
    let answer = written.into_answer(options.dry_run);
    if options.keyed.is_none() {
        return Ok(answer);
    }
    db.write(caller.author(), operation, |tx| {
        // Another process may have run the same call meanwhile.
        if let Some(first) = stored_answer(tx, options)? {
            return Ok(first);
        }
        store_answer(tx, options.keyed.clone(), &answer).map(|()| answer)
    })
    .map_err(|error| if options.dry_run { error } else { error.after_a_step() })
}

/// Returns the stored answer of an earlier call with the same idempotency key. Refuses a call with a
/// likely secret in it first.
fn stored_answer(view: &View<'_>, options: &WriteOptions) -> Result<Option<Answer>> {
    options.secret.as_ref().map_or(Ok(()), |secret| refuse_location(view, secret))?;
    let Some(keyed) = &options.keyed else { return Ok(None) };
    let Some(kept) = idempotency::stored_answer(view, keyed)? else { return Ok(None) };
    let answer: Answer =
        serde_json::from_str(&kept).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Some(if options.dry_run { answer.repeated_as_dry_run() } else { answer }))
}

fn store_answer(tx: &Tx<'_>, keyed: Option<Keyed>, answer: &Answer) -> Result<()> {
    let Some(keyed) = keyed else { return Ok(()) };
    idempotency::store_answer(tx, keyed, mask_json(tx, snapshot_text(answer)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_write_options_are_those_of_their_schema() {
        let schema = crate::app::schema::input_schema::<WriteOptions>();
        let known = schema.get("properties").and_then(Value::as_object).expect("properties");
        assert_eq!(known.keys().collect::<Vec<_>>(), &NAMES[..4]);
    }
}
