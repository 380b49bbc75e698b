//! The log: a line for each request, and nothing of what is stored.

use std::fs;

use atocore::app::registry::OperationRegistry;
use atocore::mcp::errors;
use atocore::model::Error;
use serde_json::json;

use crate::support::{Place, Session};

/// Asks for things that hold a word, in ways that succeed and that fail.
fn talk(mut session: Session) {
    let secret = "zirconium";
    session.ok(
        "create_memory",
        json!({ "memory_type": "project", "content": secret, "note": secret, "actor": secret }),
    );
    session.error("create_entity", json!({ "entity_type": secret, "name": secret }));
    session.error("get_entity", json!({ "name": secret }));
    session.error("create_memory", json!({ secret: secret }));
    session.ok("search", json!({ "query": secret }));
    session.request("tools/call", json!({ "name": secret }));
    session.request(
        "resources/read",
        json!({ "uri": format!("atocore://project/{secret}/overview") }),
    );
    session.request("resources/list", json!({ "cursor": secret }));
    session.request("prompts/get", json!({ "name": secret }));
    session.request(
        "prompts/get",
        json!({ "name": "onboard-project", "arguments": { secret: secret } }),
    );
    let argument = json!({ "name": secret, "value": secret });
    let refer = json!({ "type": "ref/prompt", "name": secret });
    session.request("completion/complete", json!({ "ref": refer, "argument": argument }));
    session.request("initialize", json!({
        "protocolVersion": secret, "capabilities": {}, "clientInfo": { "name": secret, "version": secret },
    }));
    for method in ["ping", "tools/list", "resources/templates/list", "prompts/list", secret] {
        session.request(method, json!({}));
    }
    session.send_bytes(format!("{secret} {{\n").as_bytes());
    session.receive();
    session.end();
}

fn logged(place: &Place) -> String {
    fs::read_to_string(place.folder.path().join("log")).expect("a log")
}

#[test]
fn a_call_is_one_line_with_its_outcome_and_duration_and_nothing_of_its_content() {
    let place = Place::new();
    talk(place.serve(1, &["--log", "info", "--log-file", "log"]));
    let log = logged(&place);
    assert!(!log.contains("zirconium"), "{log}");
    for (line, count) in [
        ("name=\"create_memory\" outcome=\"ok\" duration_ms=", 1),
        ("name=\"create_memory\" outcome=\"invalid\" duration_ms=", 1),
        ("name=\"create_entity\" outcome=\"invalid\" duration_ms=", 1),
        ("name=\"get_entity\" outcome=\"not_found\" duration_ms=", 1),
        ("method=\"tools/call\"", 6),
        ("method=\"tools/call\" name=\"\" outcome=\"invalid\"", 1),
        ("method=\"tools/list\" name=\"\" outcome=\"ok\"", 1),
        ("method=\"resources/list\" name=\"\" outcome=\"invalid\"", 1),
        ("method=\"resources/read\" name=\"\" outcome=\"not_found\"", 1),
        ("method=\"resources/templates/list\" name=\"\" outcome=\"ok\"", 1),
        ("method=\"prompts/list\" name=\"\" outcome=\"ok\"", 1),
        ("method=\"prompts/get\" name=\"\" outcome=\"invalid\"", 1),
        ("method=\"prompts/get\" name=\"onboard-project\" outcome=\"invalid\"", 1),
        ("method=\"completion/complete\" name=\"\" outcome=\"invalid\"", 1),
        ("method=\"initialize\" name=\"\" outcome=\"ok\"", 1),
        ("method=\"initialize\" name=\"\" outcome=\"invalid\"", 1),
        ("method=\"ping\" name=\"\" outcome=\"ok\"", 1),
        ("method=\"\" name=\"\" outcome=\"not_found\"", 1),
        (" request ", 18),
        ("WARN", 1),
    ] {
        assert_eq!(log.matches(line).count(), count, "{line} in {log}");
    }
}

#[test]
fn the_level_decides_what_is_logged_and_a_log_is_gone_on_with() {
    let place = Place::new();
    talk(place.serve(1, &["--log-file", "log"]));
    let warnings = logged(&place);
    assert_eq!((warnings.lines().count(), warnings.contains("tools/call")), (2, false));
    talk(place.serve(2, &["--log", "debug", "--log-file", "log"]));
    let log = logged(&place);
    assert!(log.starts_with(&warnings) && log.contains("zirconium"), "{log}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let data = fs::metadata(place.folder.path().join("log")).expect("a log");
        assert_eq!(data.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_bug_tells_its_client_nothing_of_what_is_stored() {
    let (ontology, selection, rights) = Default::default();
    let registry =
        OperationRegistry::new(&ontology, &selection, None, rights).expect("the default tools");
    let error = errors::request_error(Error::Internal("zirconium".to_owned()), &registry);
    assert!(!error.message.contains("zirconium"), "{error}");
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_before_anything_is_done() {
    let place = Place::new();
    let output = place.run(1, &["serve", "--log-file", "nowhere/log"]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.starts_with("error: the log nowhere/log cannot be written"), "{said}");
    assert_eq!((output.status.code(), place.db().exists()), (Some(1), false));
}
