//! `atocore promote` and `atocore reject`: one row of the review queue, several, or all that a filter
//! finds.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use dialoguer::Confirm;
use serde_json::{Map, Value, json};

use super::operation::{WriteFlags, call_operation, into_object, print, write};
use super::options::Cli;
use super::out;
use crate::app::Db;
use crate::app::answer::Answer;
use crate::model::page::MAX_LIMIT;
use crate::model::{Error, Result};
use crate::ops::record::validate::MAX_ROWS;

/// Maximum rows shown before the question.
const MAX_SHOWN: usize = 20;

#[derive(Args)]
pub struct CandidateDecision {
    /// Ids of entities, memories, links or proposed revisions
    #[arg(required_unless_present_any = ["project", "source", "proposed_by", "type"])]
    ids: Vec<String>,
    #[command(flatten)]
    filter: CandidateFilterFlags,
    /// Do not ask before deciding about all rows of a filter
    #[arg(long, short)]
    yes: bool,
    /// Refuse if it changed since this version; with one id
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<i64>,
    #[command(flatten)]
    flags: WriteFlags,
}

/// The candidates to decide about, instead of ids.
#[derive(Args)]
struct CandidateFilterFlags {
    /// All candidates of this project
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    project: Option<String>,
    /// All candidates that cite this source
    #[arg(long, value_name = "REF", conflicts_with = "ids")]
    source: Option<String>,
    /// All candidates of this actor
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    proposed_by: Option<String>,
    /// All candidates of this entity type or memory type
    #[arg(long, value_name = "TYPE", conflicts_with = "ids")]
    r#type: Option<String>,
}

pub fn run(cli: &Cli, name: &str, args: &CandidateDecision) -> Result<ExitCode> {
    if let [id] = args.ids.as_slice() {
        let arguments = json!({ "id": id, "expected_version": args.expected_version });
        return write(cli, name, arguments, &args.flags);
    }
    if args.expected_version.is_some() {
        let problem = "rows have a version each";
        return Err(Error::invalid("--expected-version", problem, "Give it with one id."));
    }
    let db = cli.open_existing()?;
    if !args.ids.is_empty() {
        return decide_rows(&db, name, &args.ids, &args.flags);
    }
    let rows = list_matching(&db, &args.filter)?;
    if rows.is_empty() {
        out::print_line("no candidate matches");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !args.flags.dry_run && !confirm_decision(name, &rows)? {
        out::print_line("nothing changed");
        return Ok(ExitCode::FAILURE);
    }
    let ids: Vec<String> = rows.into_iter().map(|row| row.id).collect();
    decide_rows(&db, name, &ids, &args.flags)
}

/// A candidate that a filter matched.
struct MatchedRow {
    id: String,
    line: String,
}

/// Lists the candidate entities and memories that match a filter.
fn list_matching(db: &Db, filter: &CandidateFilterFlags) -> Result<Vec<MatchedRow>> {
    let CandidateFilterFlags { project, source, proposed_by, r#type } = filter;
    let mut arguments = into_object(json!({
        "project": project, "scope_only": project.is_some(), "source": source,
        "actor": proposed_by, "type": r#type, "status": "candidate", "limit": MAX_LIMIT,
    }));
    let mut rows = Vec::new();
    loop {
        let mut page = call_operation(db, "list_rows", arguments.clone())?;
        let items = page.structured["items"].as_array().cloned().unwrap_or_default();
        for item in &items {
            let id = ["entity_id", "memory_id"].iter().find_map(|name| item[*name].as_str());
            let id = id.unwrap_or_default().to_owned();
            let line = page.text.lines().find(|line| line.contains(&id)).unwrap_or(&id).to_owned();
            rows.push(MatchedRow { id, line });
        }
        match page.structured["next_cursor"].take() {
            Value::Null => return Ok(rows),
            cursor => arguments.insert("cursor".to_owned(), cursor),
        };
    }
}

/// Shows the rows and asks the person at the terminal.
fn confirm_decision(name: &str, rows: &[MatchedRow]) -> Result<bool> {
    rows.iter().take(MAX_SHOWN).for_each(|row| out::print_line(&row.line));
    if rows.len() > MAX_SHOWN {
        out::print_line(format!("and {} more", rows.len() - MAX_SHOWN));
    }
    ask_person(
        &format!("candidates: {}. Do you want to {name} all?", rows.len()),
        &format!("Give --yes to {name} them all, or --dry-run to see the effect."),
    )
}

/// Asks the person at the terminal; without a terminal, the error has this hint.
pub fn ask_person(question: &str, hint: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let problem = format!("there is no terminal to ask: {question}");
        return Err(Error::invalid("confirmation", problem, hint.to_owned()));
    }
    let answer = Confirm::new().with_prompt(question).default(false).interact();
    answer.map_err(|error| Error::invalid("answer", error.to_string(), "Give --yes instead."))
}

/// Decides about rows, each on its own, in calls of as many as one takes.
fn decide_rows(db: &Db, name: &str, ids: &[String], flags: &WriteFlags) -> Result<ExitCode> {
    let mut whole: Option<Answer> = None;
    for (number, ids) in ids.chunks(MAX_ROWS).enumerate() {
        let decisions = ids.iter().map(|id| json!({ "id": id, "action": name }));
        let mut arguments = Map::from_iter([("decisions".to_owned(), decisions.collect())]);
        flags.add_to(&mut arguments)?;
        if let (Some(key), 1..) = (&flags.idempotency_key, number) {
            arguments.insert("idempotency_key".to_owned(), format!("{key}/{number}").into());
        }
        let answer = call_operation(db, "review_candidates", arguments)?;
        whole = Some(match whole {
            None => answer,
            Some(whole) => append_answer(whole, answer),
        });
    }
    let Some(answer) = whole else { return Ok(ExitCode::SUCCESS) };
    let failed = answer.structured["failed"].as_u64().unwrap_or_default();
    print(answer, &flags.output);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds the results of a further call to an answer.
fn append_answer(mut whole: Answer, mut more: Answer) -> Answer {
    for name in ["results", "conflicts"] {
        let Some(Value::Array(mut further)) = more.structured.get_mut(name).map(Value::take) else {
            continue;
        };
        match whole.structured.get_mut(name).and_then(Value::as_array_mut) {
            Some(known) => known.append(&mut further),
            None => whole.structured[name] = further.into(),
        }
    }
    let failed = [&whole, &more].map(|answer| answer.structured["failed"].as_u64().unwrap_or(0));
    if failed != [0, 0] {
        whole.structured["failed"] = failed.iter().sum::<u64>().into();
    }
    whole.text = format!("{}\n{}", whole.text, more.text);
    whole
}
