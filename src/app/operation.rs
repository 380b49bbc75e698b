//! The definition of an operation: its name, texts, effect, arguments and answer.
//! `operations/mod.rs` lists all operations.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::{Answer, Output, Written};
use super::proposed_change::ProposedChange;
use super::read_options::{AnswerTime, ReadOptions};
use super::run::{self, Caller, WriteOptions};
use super::schema::parse;
use super::{limits, schema};
use crate::model::{Error, Ontology, Result};
use crate::ops::write::projects;
use crate::store::{Db, Tx, View};

/// How an operation may change the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// Adds rows or advances their lifecycle; active rows stay active.
    Adds,
    /// Ends or changes active rows; their history is kept.
    Replaces,
    /// Ends rows and erases their contents, in the history too.
    Erases,
}

/// Where an operation is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A tool that is on by default, and a command.
    Default,
    /// A tool that is on only when requested, and a command.
    OnRequest,
    /// A command only.
    Command,
}

/// The part of an operation that is reserved to a person if the agent may not promote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Nothing,
    Everything,
    /// Passing this argument.
    Argument(&'static str),
    /// Passing one of these values of the argument.
    Choices {
        argument: &'static str,
        choices: &'static [&'static str],
        /// The tool description without these values.
        description: &'static str,
    },
}

/// The read-only part of a writing operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingPart {
    pub argument: &'static str,
    /// The value of the argument that makes the call a read.
    pub choice: &'static str,
    /// The arguments of the read.
    pub arguments: &'static [&'static str],
    /// The tool description of the read alone.
    pub description: &'static str,
}

/// The name, texts and properties of an operation.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub effect: Effect,
    pub surface: Surface,
    pub decision: Decision,
    pub reading_part: Option<ReadingPart>,
    /// Whether a repeated call changes nothing.
    pub idempotent: bool,
    /// Whether the front end's default project applies if a call names none.
    pub uses_default_project: bool,
}

impl About {
    pub const fn new(
        name: &'static str,
        title: &'static str,
        effect: Effect,
        description: &'static str,
    ) -> Self {
        Self {
            name,
            title,
            description,
            effect,
            surface: Surface::Default,
            decision: Decision::Nothing,
            reading_part: None,
            idempotent: true,
            uses_default_project: true,
        }
    }

    pub const fn on(mut self, surface: Surface) -> Self {
        self.surface = surface;
        self
    }

    pub const fn decides(mut self, decision: Decision) -> Self {
        self.decision = decision;
        self
    }

    pub const fn reads_with(mut self, part: ReadingPart) -> Self {
        self.reading_part = Some(part);
        self
    }

    /// Marks an operation that has its effect again on every call.
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Disables the default project: the row of the call determines the project.
    pub const fn with_own_project(mut self) -> Self {
        self.uses_default_project = false;
        self
    }
}

/// An operation with its arguments and output.
pub trait Operation: 'static {
    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    type Output: Output;
    const ABOUT: About;
    /// The optional arguments for which a blank text is a value: the global project, and fields that an
    /// update empties.
    const BLANK_VALUES: &'static [&'static str] = &["project"];
}

/// An operation that only reads.
pub trait ReadOperation: Operation {
    fn run(view: &View<'_>, args: Self::Args) -> Result<Self::Output>;
}

/// An operation that writes in one transaction.
pub trait WriteOperation: Operation {
    fn run(tx: &Tx<'_>, args: Self::Args, note: &str) -> Result<Written<Self::Output>>;

    /// Whether the call with these arguments is a read; see [`ReadingPart`].
    fn only_reads(_args: &Self::Args) -> bool {
        false
    }

    /// Runs the call as a read.
    fn read(_view: &View<'_>, _args: Self::Args) -> Result<Written<Self::Output>> {
        Err(Error::Internal(format!("{} has no part that reads", Self::ABOUT.name)))
    }
}

/// An operation that writes in several transactions, each complete in itself.
pub trait SteppedOperation: Operation {
    fn run(db: &Db, caller: &Caller, args: Self::Args, note: &str)
    -> Result<Written<Self::Output>>;
}

type ReadWork = Box<dyn FnOnce(&View<'_>) -> Result<Answer> + Send>;
type WriteWork = Box<dyn FnOnce(&Db, &Caller) -> Result<Answer> + Send>;

/// A call with validated arguments.
pub enum PreparedCall {
    Read(ReadWork),
    Write(PreparedWrite),
}

/// A write that is ready to run.
pub struct PreparedWrite {
    /// The actor in the arguments.
    pub actor: Option<String>,
    work: WriteWork,
}

impl PreparedWrite {
    pub fn run(self, db: &Db, caller: &Caller) -> Result<Answer> {
        (self.work)(db, caller)
    }
}

type Prepare = Box<dyn Fn(Map<String, Value>) -> Result<PreparedCall> + Send + Sync>;

/// An operation with its types erased, as the table holds it.
pub struct RegisteredOperation {
    pub about: About,
    blank_values: &'static [&'static str],
    pub input_schema: Map<String, Value>,
    /// Made when it is first needed, since a command needs none.
    pub output_schema: LazyLock<Map<String, Value>>,
    prepare: Prepare,
}

impl RegisteredOperation {
    pub fn read<O: ReadOperation>() -> Self {
        let prepare: Prepare = Box::new(move |mut arguments| {
            let options = ReadOptions::take(&mut arguments)?;
            let args: O::Args =
                parse(arguments).map_err(|error| name_options::<ReadOptions>(error, "read"))?;
            Ok(PreparedCall::Read(Box::new(move |view| {
                options.read(view, |view| Ok(Answer::of(&O::run(view, args)?)))
            })))
        });
        let mut input_schema = schema::input_schema::<O::Args>();
        schema::merge(&mut input_schema, &schema::input_schema::<ReadOptions>());
        Self {
            about: O::ABOUT,
            blank_values: O::BLANK_VALUES,
            input_schema,
            output_schema: LazyLock::new(read_schema::<O::Output>),
            prepare,
        }
    }

    pub fn write<O: WriteOperation>() -> Self {
        let prepare: Prepare = Box::new(move |mut arguments| {
            let options = WriteOptions::take(O::ABOUT.name, &mut arguments)?;
            let args: O::Args =
                parse(arguments).map_err(|error| name_options::<WriteOptions>(error, "write"))?;
            if O::only_reads(&args) {
                let read = move |view: &View<'_>| Ok(Answer::of(&O::read(view, args)?));
                return Ok(PreparedCall::Read(Box::new(read)));
            }
            let actor = options.actor.clone();
            let work: WriteWork = Box::new(move |db, caller| {
                run::run_write(db, caller, O::ABOUT.name, options, |tx, note| {
                    O::run(tx, args, note)
                })
            });
            Ok(PreparedCall::Write(PreparedWrite { actor, work }))
        });
        Self::writing::<O>(prepare)
    }

    pub fn stepped<O: SteppedOperation>() -> Self {
        let prepare: Prepare = Box::new(move |mut arguments| {
            let options = WriteOptions::take(O::ABOUT.name, &mut arguments)?;
            let args: O::Args = parse(arguments)?;
            let actor = options.actor.clone();
            let work: WriteWork = Box::new(move |db, caller| {
                run::run_steps(db, caller, O::ABOUT.name, options, |db, caller, note| {
                    O::run(db, caller, args, note)
                })
            });
            Ok(PreparedCall::Write(PreparedWrite { actor, work }))
        });
        Self::writing::<O>(prepare)
    }

    fn writing<O: Operation>(prepare: Prepare) -> Self {
        let mut input_schema = schema::input_schema::<O::Args>();
        schema::merge(&mut input_schema, &schema::input_schema::<WriteOptions>());
        Self {
            about: O::ABOUT,
            blank_values: O::BLANK_VALUES,
            input_schema,
            output_schema: LazyLock::new(written_schema::<O::Output>),
            prepare,
        }
    }

    /// Lists the ontology's types in the schema of required type arguments.
    pub fn name_types(mut self, ontology: &Ontology) -> Self {
        schema::name_types(&mut self.input_schema, ontology);
        self
    }

    /// Validates the arguments; an error names the invalid argument.
    pub fn prepare(
        &self,
        mut arguments: Map<String, Value>,
        default_project: Option<&str>,
    ) -> Result<PreparedCall> {
        schema::coerce_arguments(&self.input_schema, self.blank_values, &mut arguments)?;
        limits::check_arguments("", &arguments)?;
        let takes_project = self.about.uses_default_project
            && self.input_schema.get("properties").is_some_and(|all| all.get("project").is_some());
        if let (Some(project), true) = (default_project, takes_project) {
            arguments.entry("project").or_insert_with(|| Value::from(project));
        }
        let names_all = |given: &Value| given.as_str().is_some_and(projects::is_every_project);
        if self.about.effect == Effect::Reads && arguments.get("project").is_some_and(names_all) {
            arguments.shift_remove("project");
        }
        (self.prepare)(arguments)
    }
}

/// Adds the arguments that every read or every write takes to the error about an unknown one.
fn name_options<T: JsonSchema>(error: Error, effect: &str) -> Error {
    match error {
        Error::Invalid { field, mut problem, hint }
            if problem.starts_with("unknown field") && !field.contains(['.', '[']) =>
        {
            let names: Vec<String> = schema::list_properties::<T>();
            problem.push_str(&format!(", or of every {effect} {}", names.join(", ")));
            Error::Invalid { field, problem, hint }
        }
        other => other,
    }
}

/// Returns the schema of a read's answer, which says which time it is about if that is not now.
fn read_schema<O: Output>() -> Map<String, Value> {
    let mut schema = schema::answer_schema::<O>();
    schema::merge(&mut schema, &schema::answer_schema::<AnswerTime>());
    schema
}

/// Returns the schema of a write's answer. No field is required: where a change is proposed instead,
/// the answer has `revision` and `changed` only.
fn written_schema<O: Output>() -> Map<String, Value> {
    let mut schema = schema::answer_schema::<Written<O>>();
    schema.shift_remove("required");
    schema::merge(&mut schema, &schema::answer_schema::<ProposedChange>());
    schema
}
