//! An operation: one thing that can be asked of the store, with its name, texts, effect, arguments
//! and answer. The table in `operations/mod.rs` lists them all; each door offers the table.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::{Answer, Output, Written};
use super::run::{self, Caller, WriteOptions};
use super::{limits, schema};
use crate::model::text::without_value;
use crate::model::{Error, Ontology, Result};
use crate::store::{Db, Tx, View};

/// How a call of an operation may change the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// Adds rows, or moves them forward in their lifecycle; active rows stay active.
    Adds,
    /// Ends or rewrites active rows; their history stays.
    Replaces,
    /// Ends rows and clears their contents from the history too.
    Erases,
}

/// Where an operation is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A tool that is on unless tools are chosen by name, and a command.
    Default,
    /// A tool that is on only when asked for, and a command.
    OnRequest,
    /// A command, but no tool.
    Command,
}

/// The part of an operation that only a person may do where promotion is reserved to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Nothing,
    Everything,
    /// Giving this argument.
    Argument(&'static str),
    /// Giving one of these choices for this argument.
    Choices {
        argument: &'static str,
        choices: &'static [&'static str],
        /// The description of the operation without them.
        description: &'static str,
    },
}

/// The part of a writing operation that only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingPart {
    pub argument: &'static str,
    /// The choice for that argument that makes the call a read.
    pub choice: &'static str,
    /// The arguments that the read takes.
    pub arguments: &'static [&'static str],
    /// The description of the operation as a read.
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
    /// Whether the same call again answers that nothing changed.
    pub idempotent: bool,
    /// Whether the door's default project applies where a call names none.
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

    /// Each call does it once more.
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Without a project given it takes that of the row it is about.
    pub const fn with_own_project(mut self) -> Self {
        self.uses_default_project = false;
        self
    }
}

/// One thing that can be asked for.
pub trait Operation: 'static {
    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    type Output: Output;
    const ABOUT: About;
}

/// An operation that only reads.
pub trait ReadOperation: Operation {
    fn run(view: &View<'_>, args: Self::Args) -> Result<Self::Output>;
}

/// An operation that writes in one transaction.
pub trait WriteOperation: Operation {
    fn run(tx: &Tx<'_>, args: Self::Args, note: &str) -> Result<Written<Self::Output>>;

    /// Whether these arguments only read; see [`ReadingPart`].
    fn only_reads(_args: &Self::Args) -> bool {
        false
    }

    /// The read of those arguments.
    fn read(_view: &View<'_>, _args: Self::Args) -> Result<Written<Self::Output>> {
        Err(Error::Internal(format!("{} has no part that reads", Self::ABOUT.name)))
    }
}

/// An operation too long for one transaction: it writes in steps that are each whole.
pub trait SteppedOperation: Operation {
    fn run(db: &Db, caller: &Caller, args: Self::Args, note: &str)
    -> Result<Written<Self::Output>>;
}

type ReadWork = Box<dyn FnOnce(&View<'_>) -> Result<Answer> + Send>;
type WriteWork = Box<dyn FnOnce(&Db, &Caller) -> Result<Answer> + Send>;

/// A call whose arguments were read and checked.
pub enum PreparedCall {
    Read(ReadWork),
    Write(PreparedWrite),
}

/// A writing call that is ready to run.
pub struct PreparedWrite {
    /// The actor that the call names.
    pub actor: Option<String>,
    work: WriteWork,
}

impl PreparedWrite {
    pub fn run(self, db: &Db, caller: &Caller) -> Result<Answer> {
        (self.work)(db, caller)
    }
}

type Prepare = Box<dyn Fn(Map<String, Value>) -> Result<PreparedCall> + Send + Sync>;

/// An entry of the table: an operation without its types.
pub struct RegisteredOperation {
    pub about: About,
    pub input_schema: Map<String, Value>,
    /// Made when it is first needed, since a command needs none.
    pub output_schema: LazyLock<Map<String, Value>>,
    prepare: Prepare,
}

impl RegisteredOperation {
    pub fn read<O: ReadOperation>() -> Self {
        let prepare: Prepare = Box::new(move |arguments| {
            let args: O::Args = parse(arguments)?;
            Ok(PreparedCall::Read(Box::new(move |view| Ok(Answer::of(&O::run(view, args)?)))))
        });
        Self {
            about: O::ABOUT,
            input_schema: schema::input_schema::<O::Args>(),
            output_schema: LazyLock::new(schema::answer_schema::<O::Output>),
            prepare,
        }
    }

    pub fn write<O: WriteOperation>() -> Self {
        let prepare: Prepare = Box::new(move |mut arguments| {
            let options = WriteOptions::take(O::ABOUT.name, &mut arguments)?;
            let args: O::Args = parse(arguments)?;
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
            input_schema,
            output_schema: LazyLock::new(schema::answer_schema::<Written<O::Output>>),
            prepare,
        }
    }

    /// Names the ontology's types in the schema where an argument cannot do without one.
    pub fn name_types(mut self, ontology: &Ontology) -> Self {
        schema::name_types(&mut self.input_schema, ontology);
        self
    }

    /// Reads the arguments; a mistake in them is an error that names it.
    pub fn prepare(
        &self,
        mut arguments: Map<String, Value>,
        default_project: Option<&str>,
    ) -> Result<PreparedCall> {
        schema::coerce_arguments(&self.input_schema, &mut arguments);
        limits::check_arguments("", &arguments)?;
        let takes_project = self.about.uses_default_project
            && self.input_schema.get("properties").is_some_and(|all| all.get("project").is_some());
        if let (Some(project), true) = (default_project, takes_project) {
            arguments.entry("project").or_insert_with(|| Value::from(project));
        }
        (self.prepare)(arguments)
    }
}

/// Reads arguments; the error names the argument and repeats no value.
pub(super) fn parse<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A> {
    parse_at("", arguments).map_err(|(field, problem)| {
        Error::invalid(
            if field.is_empty() { "arguments".to_owned() } else { field },
            problem,
            "Correct the arguments; the input schema describes them.",
        )
    })
}

/// Reads an object that is at a place in the arguments; fails with the place of a mistake in it.
pub(super) fn parse_at<A: DeserializeOwned>(
    place: &str,
    fields: Map<String, Value>,
) -> std::result::Result<A, (String, String)> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let field = match (place, path.as_str()) {
            (place, ".") => place.to_owned(),
            ("", path) => path.to_owned(),
            (place, path) => format!("{place}.{path}"),
        };
        (field, without_value(&error.into_inner().to_string()).into_owned())
    })
}
