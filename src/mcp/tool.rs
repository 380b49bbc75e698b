//! A tool: its name, its texts, its schemas, and the function that it calls.
//!
//! The SDK's macro was rejected for the tools: it rebuilds its router on every call, words the
//! errors of arguments itself, and cannot take arguments that all writes share.

use std::sync::Arc;

use rmcp::model::{Tool as ToolSpec, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::schema;
use crate::model::{Error, Result};
use crate::ops::conflicts;
use crate::ops::sources::files::Root;
use crate::store::{Db, Tx, View};

/// What a tool says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub effect: Effect,
}

/// What a call of a tool may do to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// Adds rows, or moves them forward; nothing that held stops holding.
    Adds,
    /// Ends or rewrites what held until then; its history stays.
    Replaces,
}

/// Arguments that every writing tool takes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Common {
    /// Who does this.
    actor: Option<String>,
    /// Why.
    #[serde(alias = "reason")]
    note: Option<String>,
}

/// What a writing tool's function is called with, beside its own arguments.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub note: String,
}

/// What the function of a tool that writes in many transactions is called with.
pub struct Steps<'c> {
    pub actor: &'c str,
    pub note: &'c str,
    /// The folders that it may read.
    pub roots: &'c [Root],
    /// The server's project.
    pub default_project: Option<&'c str>,
}

pub type ReadJob = Box<dyn FnOnce(&View<'_>) -> Result<Answer> + Send>;
pub type WriteJob = Box<dyn FnOnce(&Tx<'_>) -> Result<Answer> + Send>;
type StepsJob = Box<dyn FnOnce(&Db, Steps<'_>) -> Result<Answer> + Send>;

/// A call that is ready to run.
pub enum Job {
    Read(ReadJob),
    Write {
        actor: Option<String>,
        job: WriteJob,
    },
    /// Writes in many transactions.
    Steps {
        actor: Option<String>,
        job: StepsJob,
    },
}

type Prepare = Box<dyn Fn(Map<String, Value>) -> Result<Job> + Send + Sync>;

/// A tool that can be called.
pub struct Tool {
    pub about: About,
    pub spec: ToolSpec,
    /// On unless tools are chosen by name.
    pub default: bool,
    /// Whether the server's project stands in for one that a call leaves out.
    default_project: bool,
    prepare: Prepare,
}

impl Tool {
    /// A tool that only reads.
    pub fn read<A, O>(about: About, run: fn(&View<'_>, A) -> Result<Answer>) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: JsonSchema,
    {
        let input = schema::input::<A>();
        let prepare: Prepare = Box::new(move |arguments| {
            let arguments: A = parse(arguments)?;
            Ok(Job::Read(Box::new(move |view| run(view, arguments))))
        });
        Self::new(about, input, schema::output::<O>(), prepare)
    }

    /// A tool that writes; its answer carries the conflicts that it opened or settled.
    pub fn write<A, O>(about: About, run: fn(&Tx<'_>, &Call, A) -> Result<Answer>) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: JsonSchema,
    {
        let common = schema::input::<Common>();
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let common = take_common(&common, &mut arguments)?;
            Ok(write_job(common, parse(arguments)?, run))
        });
        Self::new(about, input, schema::output::<O>(), prepare)
    }

    /// A tool that writes, unless its arguments only ask.
    pub fn read_or_write<A, O>(
        about: About,
        only_asks: fn(&A) -> bool,
        read: fn(&View<'_>, A) -> Result<Answer>,
        run: fn(&Tx<'_>, &Call, A) -> Result<Answer>,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: JsonSchema,
    {
        let common = schema::input::<Common>();
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let common = take_common(&common, &mut arguments)?;
            let arguments: A = parse(arguments)?;
            if only_asks(&arguments) {
                return Ok(Job::Read(Box::new(move |view| read(view, arguments))));
            }
            Ok(write_job(common, arguments, run))
        });
        Self::new(about, input, schema::output::<O>(), prepare)
    }

    /// A tool that reads files and stores each in a transaction of its own.
    pub fn steps<A, O>(about: About, run: fn(&Db, &Steps<'_>, A) -> Result<Answer>) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: JsonSchema,
    {
        let common = schema::input::<Common>();
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let Common { actor, note } = take_common(&common, &mut arguments)?;
            let (note, arguments): (_, A) = (note.unwrap_or_default(), parse(arguments)?);
            let job: StepsJob =
                Box::new(move |db, steps| run(db, &Steps { note: &note, ..steps }, arguments));
            Ok(Job::Steps { actor, job })
        });
        Self::new(about, input, schema::output::<O>(), prepare)
    }

    fn new(
        about: About,
        input: Map<String, Value>,
        output: Map<String, Value>,
        prepare: Prepare,
    ) -> Self {
        let annotations = ToolAnnotations::from_raw(
            None,
            Some(about.effect == Effect::Reads),
            Some(about.effect == Effect::Replaces),
            // Every write that has been done already answers that nothing changed.
            Some(true),
            Some(false),
        );
        let properties = input.get("properties");
        let default_project = properties.is_some_and(|fields| fields.get("project").is_some());
        let spec = ToolSpec::new(about.name, about.description, Arc::new(input))
            .with_title(about.title)
            .with_raw_output_schema(Arc::new(output))
            .with_annotations(annotations);
        Self { about, spec, default: true, default_project, prepare }
    }

    /// Off unless asked for.
    pub fn on_request(mut self) -> Self {
        self.default = false;
        self
    }

    /// The same call again does it once more.
    pub fn each_call_counts(mut self) -> Self {
        self.spec.annotations = self.spec.annotations.map(|hints| hints.idempotent(false));
        self
    }

    /// Without a project given it takes the one of what it is about, not the server's.
    pub fn with_own_project(mut self) -> Self {
        self.default_project = false;
        self
    }

    /// Reads the arguments; a mistake in them is an error that names it.
    pub fn prepare(
        &self,
        mut arguments: Map<String, Value>,
        default_project: Option<&str>,
    ) -> Result<Job> {
        schema::coerce(&self.spec.input_schema, &mut arguments);
        if let (Some(project), true) = (default_project, self.default_project) {
            arguments.entry("project").or_insert_with(|| Value::from(project));
        }
        (self.prepare)(arguments)
    }
}

/// What the tool takes, with what every writing tool takes.
fn with_common<A: JsonSchema>(common: &Map<String, Value>) -> Map<String, Value> {
    let mut input = schema::input::<A>();
    schema::merge(&mut input, common);
    input
}

/// The write, then the conflicts that it opened or settled.
fn write_job<A: Send + 'static>(
    common: Common,
    arguments: A,
    run: fn(&Tx<'_>, &Call, A) -> Result<Answer>,
) -> Job {
    let call = Call { note: common.note.unwrap_or_default() };
    let job: WriteJob = Box::new(move |tx| {
        let answer = run(tx, &call, arguments)?;
        let changed = conflicts::show_all(tx, &conflicts::detect(tx)?)?;
        Ok(answer.conflicts(&changed).settle_next(&changed))
    });
    Job::Write { actor: common.actor, job }
}

/// Takes the common arguments out, so that the tool's own can refuse what is unknown.
fn take_common(schema: &Map<String, Value>, arguments: &mut Map<String, Value>) -> Result<Common> {
    let mut common = Map::new();
    let known = schema.get("properties").and_then(Value::as_object);
    let names = known.into_iter().flat_map(Map::keys).map(String::as_str);
    for name in names.chain(["reason"]) {
        if let Some(value) = arguments.shift_remove(name) {
            common.insert(name.to_owned(), value);
        }
    }
    parse(common)
}

fn parse<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "arguments".to_owned() } else { path };
        Error::invalid(
            field,
            error.into_inner().to_string(),
            "Mend the arguments; the tool's input schema describes them.",
        )
    })
}
