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

use super::answer::{Answer, Reply};
use super::approval::Gate;
use super::{limits, schema};
use crate::model::text::without_value;
use crate::model::{Error, Result};
use crate::ops::change::recorded;
use crate::ops::conflicts;
use crate::ops::idempotency::{self, Keyed};
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
    /// Ends what held until then, and its history says no longer what it was.
    Erases,
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
    /// Your key for this call; sent again with it, it is not done again.
    idempotency_key: Option<String>,
    /// Show what would happen; change nothing.
    dry_run: bool,
}

/// What a writing tool's function is called with, beside its own arguments.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub note: String,
}

/// What the function of a tool that writes in many transactions is called with.
#[derive(Clone, Copy)]
pub struct Steps<'c> {
    pub actor: &'c str,
    pub note: &'c str,
    /// The folders that it may read.
    pub roots: &'c [Root],
    /// The server's project.
    pub default_project: Option<&'c str>,
    /// What a write has to pass before its commit.
    pub gate: &'c Gate,
}

pub type ReadJob = Box<dyn FnOnce(&View<'_>) -> Result<Answer> + Send>;
type WriteJob = Box<dyn FnOnce(&Db, Steps<'_>) -> Result<Reply> + Send>;

/// A call that is ready to run.
pub enum Job {
    Read(ReadJob),
    Write(Write),
}

/// A writing call that is ready to run.
pub struct Write {
    pub actor: Option<String>,
    dry_run: bool,
    job: WriteJob,
}

impl Write {
    pub fn run(self, db: &Db, steps: Steps<'_>) -> Result<Reply> {
        let Self { dry_run, job, .. } = self;
        if !dry_run {
            return job(db, steps);
        }
        let gate = steps.gate.in_rehearsal();
        db.rehearse(|db| job(db, Steps { gate: &gate, ..steps }))
    }
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
        let (name, common) = (about.name, schema::input::<Common>());
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let terms = Terms::take(name, &common, &mut arguments)?;
            Ok(terms.one_write(name, parse(arguments)?, run))
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
        let (name, common) = (about.name, schema::input::<Common>());
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let terms = Terms::take(name, &common, &mut arguments)?;
            let arguments: A = parse(arguments)?;
            if only_asks(&arguments) {
                return Ok(Job::Read(Box::new(move |view| read(view, arguments))));
            }
            Ok(terms.one_write(name, arguments, run))
        });
        Self::new(about, input, schema::output::<O>(), prepare)
    }

    /// A tool that reads files and stores each in a transaction of its own.
    pub fn steps<A, O>(about: About, run: fn(&Db, &Steps<'_>, A) -> Result<Answer>) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: JsonSchema,
    {
        let (name, common) = (about.name, schema::input::<Common>());
        let input = with_common::<A>(&common);
        let prepare: Prepare = Box::new(move |mut arguments| {
            let terms = Terms::take(name, &common, &mut arguments)?;
            Ok(terms.many_writes(name, parse(arguments)?, run))
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
            Some(matches!(about.effect, Effect::Replaces | Effect::Erases)),
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
        limits::check("", &arguments)?;
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

/// How a write is to be done, whatever it does.
struct Terms {
    actor: Option<String>,
    note: String,
    keyed: Option<Keyed>,
    dry_run: bool,
}

impl Terms {
    /// Takes the common arguments out, so that the tool's own can refuse what is unknown.
    fn take(
        tool: &str,
        schema: &Map<String, Value>,
        arguments: &mut Map<String, Value>,
    ) -> Result<Self> {
        let known = schema.get("properties").and_then(Value::as_object);
        let names = known.into_iter().flat_map(Map::keys).map(String::as_str);
        let given = names.chain(["reason"]).filter_map(|name| arguments.shift_remove_entry(name));
        let mut common: Map<String, Value> = given.collect();
        let Common { actor, note, idempotency_key, dry_run } = parse(common.clone())?;
        let keyed = idempotency_key.map(|key| {
            if let Some(reason) = common.shift_remove("reason").filter(|reason| !reason.is_null()) {
                common.insert("note".to_owned(), reason);
            }
            common.retain(|name, _| !matches!(name.as_str(), "idempotency_key" | "dry_run"));
            common.extend(arguments.clone());
            Keyed::new(&key, tool, &common)
        });
        Ok(Self { actor, note: note.unwrap_or_default(), keyed: keyed.transpose()?, dry_run })
    }

    /// The write and the conflicts that it opened or settled, in one transaction.
    fn one_write<A: Send + 'static>(
        self,
        tool: &'static str,
        arguments: A,
        run: fn(&Tx<'_>, &Call, A) -> Result<Answer>,
    ) -> Job {
        let Self { actor, note, keyed, dry_run } = self;
        let write = move |tx: &Tx<'_>, gate: &Gate| {
            if let Some(reply) = answered(tx, keyed.as_ref(), dry_run)? {
                return Ok(reply);
            }
            let done = || {
                let answer = run(tx, &Call { note }, arguments)?;
                let changed = conflicts::show_all(tx, &conflicts::detect(tx)?)?;
                Ok(answer.conflicts(&changed).settle_next(&changed))
            };
            let reply = rendered(gate.pass(tx, tool, done)?, dry_run);
            keep(tx, keyed, &reply)?;
            Ok(reply)
        };
        let job: WriteJob =
            Box::new(move |db, steps| db.write(steps.actor, tool, |tx| write(tx, steps.gate)));
        Job::Write(Write { actor, dry_run, job })
    }

    /// Writes in transactions of their own. Cut short, the call can be sent again with its key.
    fn many_writes<A: Send + 'static>(
        self,
        tool: &'static str,
        arguments: A,
        run: fn(&Db, &Steps<'_>, A) -> Result<Answer>,
    ) -> Job {
        let Self { actor, note, keyed, dry_run } = self;
        let job: WriteJob = Box::new(move |db, steps| {
            if let Some(reply) = db.read(|view| answered(view, keyed.as_ref(), dry_run))? {
                return Ok(reply);
            }
            let answer = run(db, &Steps { note: &note, ..steps }, arguments)?;
            let reply = rendered(answer, dry_run);
            if keyed.is_none() {
                return Ok(reply);
            }
            db.write(steps.actor, tool, |tx| {
                // Another process may have done the same call meanwhile.
                if let Some(first) = answered(tx, keyed.as_ref(), dry_run)? {
                    return Ok(first);
                }
                keep(tx, keyed, &reply).map(|()| reply)
            })
            .map_err(|error| if dry_run { error } else { error.after_a_step() })
        });
        Job::Write(Write { actor, dry_run, job })
    }
}

fn rendered(answer: Answer, dry_run: bool) -> Reply {
    if dry_run { answer.rehearsed().render() } else { answer.render() }
}

/// What a call with a key was answered with before.
fn answered(view: &View<'_>, keyed: Option<&Keyed>, dry_run: bool) -> Result<Option<Reply>> {
    let Some(keyed) = keyed else { return Ok(None) };
    let Some(kept) = idempotency::answered(view, keyed)? else { return Ok(None) };
    let mut reply: Reply =
        serde_json::from_str(&kept).map_err(|error| Error::Internal(error.to_string()))?;
    if dry_run {
        reply.text =
            format!("dry run: this call was done before, with this answer\n{}", reply.text);
        reply.structured["dry_run"] = Value::Bool(true);
    }
    Ok(Some(reply))
}

fn keep(tx: &Tx<'_>, keyed: Option<Keyed>, reply: &Reply) -> Result<()> {
    let Some(keyed) = keyed else { return Ok(()) };
    idempotency::keep(tx, keyed, recorded(reply)?)
}

fn parse<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "arguments".to_owned() } else { path };
        Error::invalid(
            field,
            without_value(&error.into_inner().to_string()).into_owned(),
            "Mend the arguments; the tool's input schema describes them.",
        )
    })
}
