//! Every operation that writes goes the one way, over MCP and on the command line: a dry run changes
//! nothing, a call with a key is done once, a read-only server refuses it, and where promotion is the
//! person's so is every decision. An operation without a case fails here, so none is forgotten.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use atocore::app::Settings;
use atocore::app::approval::CallOutcome;
use atocore::app::approval::Consent;
use atocore::app::operation::{Effect, RegisteredOperation, Surface};
use atocore::app::operations::list_operations;
use atocore::app::registry::{OperationRegistry, Selection};
use atocore::app::rights::Rights;
use atocore::app::service::{Identity, Service};
use atocore::app::store_handle::StoreHandle;
use atocore::model::{Error, Ontology, Role};
use atocore::ops::sources::files::Root;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value};

use crate::support::{Place, Session, program};
use cases::{CASES, Case, arguments, copy, serve, with_handles};

/// Every row of every table, those of the search index included.
fn dump(place: &Place) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let file = place.sql();
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
    let mut tables = file.prepare(tables).expect("a statement");
    let names = tables.query_map([], |row| row.get::<_, String>(0)).expect("tables");
    let read = |name: String| {
        let mut rows = file.prepare(&format!("SELECT * FROM {name}")).expect("a statement");
        let width = rows.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get(at)).collect();
        let rows = rows.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect();
        (name, rows)
    };
    names.map(|name| read(name.expect("a name"))).collect()
}

/// Names the tables that differ from an earlier dump.
fn changed(place: &Place, before: &BTreeMap<String, Vec<Vec<Cell>>>) -> Vec<String> {
    let now = dump(place);
    now.into_iter().filter(|(name, rows)| before[name] != *rows).map(|(name, _)| name).collect()
}

fn is_tool(operation: &str) -> bool {
    let surface = find_operation(operation).about.surface;
    surface != Surface::Command
}

fn find_operation(name: &str) -> RegisteredOperation {
    let all = list_operations(&Ontology::default());
    all.into_iter().find(|operation| operation.about.name == name).expect("an operation")
}

/// Every call of the cases: the operation and its arguments.
fn all_calls() -> impl Iterator<Item = (&'static Case, Map<String, Value>)> {
    CASES.iter().flat_map(|case| {
        case.free.iter().chain(case.deciding).map(move |text| (case, arguments(text)))
    })
}

fn with(arguments: &Map<String, Value>, more: &[(&str, Value)]) -> Value {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Value::Object(arguments.clone().into_iter().chain(more).collect())
}

/// Shows a write through one door; `call` gives its whole answer. The first text is given to no key.
fn check_write(place: &Place, about: &str, mut call: impl FnMut(bool, Option<&str>) -> Value) {
    let before = dump(place);
    let unchanged: &[String] = &[];
    for key in [None, Some("first")] {
        call(true, key);
        assert_eq!(changed(place, &before), unchanged, "{about}: a dry run, key {key:?}");
    }
    let first = call(false, Some("first"));
    let after = dump(place);
    assert_ne!(after, before, "{about} changes nothing, so it shows nothing");
    assert_eq!(call(false, Some("first")), first, "{about}: the same key");
    assert_eq!(changed(place, &after), unchanged, "{about}: the same key");
    call(true, Some("first"));
    assert_eq!(changed(place, &after), unchanged, "{about}: a dry run of what was done");
    place.verify();
}

#[test]
fn each_operation_that_writes_has_a_case() {
    let all = list_operations(&Ontology::default());
    let writes = all.iter().filter(|operation| operation.about.effect != Effect::Reads);
    let writes: BTreeSet<_> = writes.map(|operation| operation.about.name).collect();
    let cases: BTreeSet<_> = CASES.iter().map(|case| case.operation).collect();
    assert_eq!(cases, writes);
    assert!(CASES.iter().all(|case| case.free.len() + case.deciding.len() > 0));
    assert_eq!(cases.len(), CASES.len());
}

#[test]
fn over_mcp_dry_runs_change_nothing_and_a_key_is_done_once() {
    for (case, arguments) in all_calls().filter(|(case, _)| is_tool(case.operation)) {
        let place = copy();
        let mut session = serve(&place, &["--tools", "all"]);
        let about = format!("{} {arguments:?}", case.operation);
        check_write(&place, &about, |dry_run, key| {
            let options = [("dry_run", dry_run.into()), ("idempotency_key", key.into())];
            let result = session.call(case.operation, with(&arguments, &options));
            assert_ne!(result["isError"], true, "{about}: {result}");
            let dry = result["structuredContent"]["dry_run"] == true;
            assert_eq!(dry, dry_run, "{about}: {result}");
            result
        });
        session.end();
    }
}

/// Runs a command that has to succeed; gives its answer as JSON.
fn run(place: &Place, about: &str, arguments: &[String]) -> Value {
    let documents = place.folder.path().join("documents");
    let mut command = program(&place.db(), 0);
    command.env_remove("ATOCORE_TEST_SEED").env("ATOCORE_ROOTS", documents);
    command.args(arguments).current_dir(place.folder.path());
    let output = command.output().expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{about}: {error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{about}: {error}"))
}

#[test]
fn with_the_call_command_dry_runs_change_nothing_and_a_key_is_done_once() {
    for (case, arguments) in all_calls() {
        let place = copy();
        let about = format!("call {} {arguments:?}", case.operation);
        check_write(&place, &about, |dry_run, key| {
            let options = [("dry_run", dry_run.into()), ("idempotency_key", key.into())];
            let arguments = with(&arguments, &options).to_string();
            let command = ["call", case.operation, &arguments, "--json"].map(str::to_owned);
            let answer = run(&place, &about, &command);
            assert_eq!(answer["dry_run"] == true, dry_run, "{about}: {answer}");
            answer
        });
    }
}

#[test]
fn with_their_own_commands_dry_runs_change_nothing_and_a_key_is_done_once() {
    for case in CASES.iter().filter(|case| !case.command.is_empty()) {
        let place = copy();
        let about = case.command.join(" ");
        check_write(&place, &about, |dry_run, key| {
            let mut command: Vec<_> = case.command.iter().map(|text| with_handles(text)).collect();
            command.push("--json".to_owned());
            command.extend(dry_run.then(|| "--dry-run".to_owned()));
            command.extend(key.map(|key| format!("--idempotency-key={key}")));
            let answer = run(&place, &about, &command);
            assert_eq!(answer["dry_run"] == true, dry_run, "{about}: {answer}");
            answer
        });
    }
}

/// The lines of an export, as of a time or of now, without interactions, which belong to no operation,
/// and without the number of lines.
fn export(place: &Place, as_of: &[&str]) -> Vec<String> {
    let output = place.run(0, &[&["export"], as_of].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    let of_none = |line: &str| {
        ["interaction", "atocore_export_end"]
            .iter()
            .any(|name| line.starts_with(&format!(r#"{{"type":"{name}""#)))
    };
    lines.lines().filter(|line| !of_none(line)).map(str::to_owned).collect()
}

/// Of a row that is redacted, and of documents, the past is not known.
const WITHOUT_PAST: [&str; 2] = ["redact", "ingest_source"];

#[test]
fn after_each_the_store_as_of_the_operation_before_is_what_it_was() {
    let mut compared = 0;
    for (case, arguments) in all_calls() {
        if WITHOUT_PAST.contains(&case.operation) {
            continue;
        }
        let place = copy();
        let before = export(&place, &[]);
        let last = "SELECT handle FROM operations ORDER BY last_seq DESC LIMIT 1";
        let last: String = place.sql().query_row(last, [], |row| row.get(0)).expect("an operation");
        let about = format!("call {} {arguments:?}", case.operation);
        let command = ["call", case.operation, &with(&arguments, &[]).to_string(), "--json"];
        run(&place, &about, &command.map(str::to_owned));
        let then = export(&place, &["--as-of", &last]);
        let differs = then.iter().zip(&before).find(|(then, before)| then != before);
        assert_eq!(differs, None, "{about}");
        assert_eq!(then.len(), before.len(), "{about}");
        compared += usize::from(export(&place, &[]) != before);
    }
    assert!(compared > 30, "{compared} calls changed what an export has");
}

/// Asserts that a tool is not listed and that a call of it is an error.
fn check_absent(session: &mut Session, tools: &[String], tool: &str, arguments: Value) {
    assert!(!tools.iter().any(|name| name == tool), "{tool} is listed");
    let call = serde_json::json!({ "name": tool, "arguments": arguments });
    let answer = session.request("tools/call", call);
    let message = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(message.starts_with(&format!("Unknown tool: {tool}")), "{message}");
}

fn list_tools(session: &mut Session) -> Vec<String> {
    let listed = session.request("tools/list", serde_json::json!({}));
    let tools = listed["result"]["tools"].as_array().expect("tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_read_only_server_refuses_each() {
    let place = copy();
    let before = dump(&place);
    let mut session = serve(&place, &["--read-only", "--tools", "all"]);
    let tools = list_tools(&mut session);
    for (case, arguments) in all_calls() {
        let arguments = Value::Object(arguments);
        if find_operation(case.operation).about.reading_part.is_some() {
            session.error(case.operation, arguments);
        } else {
            check_absent(&mut session, &tools, case.operation, arguments);
        }
    }
    session.end();
    assert_eq!(dump(&place), before);
}

#[test]
fn where_promotion_is_the_persons_an_agent_decides_nothing() {
    let place = copy();
    let before = dump(&place);
    let mut session = serve(&place, &["--promotion", "human", "--tools", "all"]);
    let tools = list_tools(&mut session);
    for case in CASES {
        for text in case.deciding {
            let arguments = Value::Object(arguments(text));
            if case.free.is_empty() {
                check_absent(&mut session, &tools, case.operation, arguments);
            } else {
                let error = session.error(case.operation, arguments);
                assert_eq!(error["code"], "refused", "{} {text}", case.operation);
            }
            assert_eq!(dump(&place), before, "{} {text}", case.operation);
        }
    }
    session.end();
}

#[test]
fn where_promotion_is_the_persons_the_rest_is_allowed() {
    for case in CASES {
        for text in case.free {
            let place = copy();
            let before = dump(&place);
            let mut session = serve(&place, &["--promotion", "human", "--tools", "all"]);
            session.ok(case.operation, Value::Object(arguments(text)));
            session.end();
            assert_ne!(dump(&place), before, "{} {text}", case.operation);
        }
    }
}

/// A service whose callers decide nothing, over the store of a place.
fn human_service(place: &Place) -> Service {
    let rights = Rights::of_role(Role::Propose);
    let registry = OperationRegistry::new(&Ontology::default(), &Selection::All, None, rights);
    let (db, _) = atocore::ops::open(Settings::new(place.db())).expect("a store");
    let (store, _) = StoreHandle::start(db).expect("a writing thread");
    let root = Root::new(&place.folder.path().join("documents")).expect("a folder");
    Service::new(store, registry.expect("a registry"), vec![root])
}

/// The operations that are not listed are refused by their effect too, if a door offered them.
#[test]
fn each_decision_is_refused_by_its_effect_alone() {
    let place = copy();
    let before = dump(&place);
    let service = Arc::new(human_service(&place));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for case in CASES {
        let operation = find_operation(case.operation);
        for (text, dry_run) in case.deciding.iter().flat_map(|text| [(text, false), (text, true)]) {
            let mut arguments = arguments(text);
            arguments.insert("dry_run".to_owned(), dry_run.into());
            let called = runtime.block_on(service.call(
                &operation,
                arguments,
                &Identity::of_client("", ""),
                Consent::NotAsked,
            ));
            let refused = matches!(called, Err(Error::Refused { .. }));
            assert!(refused, "{} {text}: {}", case.operation, outcome(called));
            assert_eq!(dump(&place), before, "{} {text}", case.operation);
        }
    }
}

fn outcome(called: Result<CallOutcome, Error>) -> String {
    match called {
        Ok(CallOutcome::Done(answer)) => answer.text,
        Ok(CallOutcome::Asks(_)) => "it asks a person".to_owned(),
        Err(error) => error.to_string(),
    }
}
