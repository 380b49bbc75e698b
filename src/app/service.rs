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
        identity: &Identity,
        consent: Consent,
    ) -> Result<CallOutcome> {
        let name = operation.about.name;
        match operation.prepare(arguments, self.registry.default_project.as_deref())? {
            PreparedCall::Read(read) => {
                let client = identity.client.clone();
                let read = move |view: &View<'_>| {
                    view.read_for(&client);
                    read(view)
                };
                Ok(CallOutcome::Done(self.store.read(name, read).await?))
            }
            PreparedCall::Write(_) if self.registry.rights.read_only => Err(Error::read_only()),
            PreparedCall::Write(write) => {
                let gate = ApprovalGate::new(self.registry.rights.promotion, consent);
                let actor = identity.choose_actor(write.actor.as_deref())?;
                let caller = self.caller(actor, identity.client.clone(), gate.clone());
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

/// A caller, as the audit names it.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The actor of calls that name none.
    pub actor: String,
    /// Name and version of the client.
    pub client: String,
    /// Whether a call may name another actor.
    pub names_actors: bool,
}

impl Identity {
    /// Returns the identity of an MCP client, as it introduces itself.
    pub fn of_client(name: &str, version: &str) -> Self {
        let label = collapse_spaces(&format!("{name} {version}"));
        let client = label.chars().take(validate::MAX_NAME).collect();
        let actor = name_actor("client", name).unwrap_or_else(|| "agent".to_owned());
        Self { actor, client, names_actors: true }
    }

    /// Returns the identity of a known caller who uses this client.
    pub fn through(&self, client: Self) -> Self {
        let label = match client.client.as_str() {
            "" => self.client.clone(),
            name => format!("{} via {name}", self.client),
        };
        let actor = if self.names_actors { client.actor } else { self.actor.clone() };
        let client = label.chars().take(validate::MAX_NAME).collect();
        Self { actor, client, names_actors: self.names_actors }
    }

    /// Returns the actor of a call: the one in the arguments, else the caller's own.
    fn choose_actor(&self, given: Option<&str>) -> Result<String> {
        match given.filter(|actor| !actor.trim().is_empty()) {
            None => Ok(self.actor.clone()),
            Some(actor) if self.names_actors || actor == self.actor => check_actor(actor),
            Some(actor) => Err(Error::invalid(
                "actor",
                format!("{actor:?} is not the name of this caller, {:?}", self.actor),
                "Leave it out.",
            )),
        }
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
