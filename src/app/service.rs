//! Calls operations by name, with JSON arguments, on behalf of a caller.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::approval::{ApprovalGate, CallOutcome, Consent};
use super::operation::{PreparedCall, RegisteredOperation};
use super::registry::{OperationRegistry, Selection};
use super::rights::Rights;
use super::run::Caller;
use super::store_handle::StoreHandle;
use crate::model::text::collapse_spaces;
use crate::model::{Error, Ontology, Result};
use crate::ops::record::actor::{check_actor, name_actor};
use crate::ops::record::validate;
use crate::ops::sources::files::Root;
use crate::store::{Db, View};

/// The operations of a front end on one store.
#[derive(Clone)]
pub struct Service {
    pub store: StoreHandle,
    pub registry: Arc<OperationRegistry>,
    roots: Arc<[Root]>,
}

impl Service {
    pub fn new(store: StoreHandle, registry: OperationRegistry, roots: Vec<Root>) -> Self {
        Self { store, registry: Arc::new(registry), roots: roots.into() }
    }

    /// Calls an operation. A write that needs approval and has none returns the question.
    pub async fn call(
        &self,
        operation: &RegisteredOperation,
        arguments: Map<String, Value>,
        client: Option<&ClientInfo>,
        consent: Consent,
    ) -> Result<CallOutcome> {
        let name = operation.about.name;
        match operation.prepare(arguments, self.registry.default_project.as_deref())? {
            PreparedCall::Read(read) => Ok(CallOutcome::Done(self.store.read(name, read).await?)),
            PreparedCall::Write(write) => {
                let gate = ApprovalGate::new(self.registry.rights.promotion, consent);
                let client_name = client.map(|client| client.name.as_str());
                let actor = actor_name(write.actor.clone(), client_name)?;
                let label = client.map(ClientInfo::label).unwrap_or_default();
                let caller = self.caller(actor, label, gate.clone());
                let run = move |db: &Db| write.run(db, &caller);
                gate.outcome(self.store.run_steps(name, run).await)
            }
        }
    }

    /// Prepares a read with an operation, even if it is not offered.
    pub fn prepare_read(
        &self,
        name: &str,
        arguments: Value,
    ) -> Result<impl FnOnce(&View<'_>) -> Result<Answer> + Send + use<>> {
        match self.registry.prepare_read(name, arguments)? {
            PreparedCall::Read(read) => Ok(read),
            PreparedCall::Write(_) => Err(Error::Internal(format!("{name} does not read"))),
        }
    }

    fn caller(&self, actor: String, client: String, gate: ApprovalGate) -> Caller {
        let default_project = self.registry.default_project.clone();
        let (roots, steps) = (Arc::clone(&self.roots), Arc::default());
        Caller { actor, client, steps, roots, default_project, gate }
    }
}

/// A client, as it introduces itself.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    pub name: String,
    pub version: String,
}

impl ClientInfo {
    /// Returns name and version as the audit records them.
    fn label(&self) -> String {
        let label = collapse_spaces(&format!("{} {}", self.name, self.version));
        label.chars().take(validate::MAX_NAME).collect()
    }
}

/// Calls any operation by its name, on the current thread and with all rights, as the command line
/// does. `caller` returns the caller of a write, from the actor in the arguments.
pub fn call_now(
    db: &Db,
    name: &str,
    arguments: Map<String, Value>,
    caller: impl FnOnce(Option<&str>) -> Result<Caller>,
) -> Result<Answer> {
    let ontology = &db.settings().ontology;
    let all = OperationRegistry::new(ontology, &Selection::Everything, None, Rights::default())?;
    let operation = all.get(name).ok_or_else(|| unknown_operation(&all, name))?;
    match operation.prepare(arguments, None)? {
        PreparedCall::Read(read) => db.read(read),
        PreparedCall::Write(write) => {
            let caller = caller(write.actor.as_deref())?;
            write.run(db, &caller)
        }
    }
}

/// Prepares any reading operation by its name, as the command line runs it.
pub fn prepare_read(
    ontology: &Ontology,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<impl FnOnce(&View<'_>) -> Result<Answer> + use<>> {
    let all = OperationRegistry::new(ontology, &Selection::Everything, None, Rights::default())?;
    match all.prepare_read(name, Value::Object(arguments))? {
        PreparedCall::Read(read) => Ok(read),
        PreparedCall::Write(_) => Err(Error::Internal(format!("{name} does not read"))),
    }
}

fn unknown_operation(registry: &OperationRegistry, name: &str) -> Error {
    let names: Vec<&str> = registry.operations().iter().map(|one| one.about.name).collect();
    Error::invalid(
        "operation",
        format!("there is no operation {name:?}"),
        format!("Operations: {}.", names.join(", ")),
    )
}

/// Returns the actor of a call: the one in the arguments, else the client.
fn actor_name(given: Option<String>, client: Option<&str>) -> Result<String> {
    match given.filter(|actor| !actor.trim().is_empty()) {
        Some(actor) => check_actor(&actor),
        None => Ok(client_name(client)),
    }
}

/// Converts the client's name to a valid actor name.
pub fn client_name(given: Option<&str>) -> String {
    name_actor("client", given.unwrap_or_default()).unwrap_or_else(|| "agent".to_owned())
}
