//! Paths as a client's configuration has them, without a shell that would expand them.

use std::process::Output;

use serde_json::json;

use crate::support::{Place, Session, program};

/// Runs a command whose file is given in the way that a configuration has it.
fn run(place: &Place, variable: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = program(&place.db(), 1);
    match variable {
        Some(value) => command.env("ATOCORE_DB", value),
        None => command.env_remove("ATOCORE_DB"),
    };
    command.env("HOME", place.folder.path().join("home")).env_remove("XDG_DATA_HOME");
    command.args(arguments).current_dir(place.folder.path()).output().expect("it runs")
}

fn assert_made(place: &Place, output: &Output, path: &str) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(place.folder.path().join(path).is_file(), "{path}");
}

#[test]
fn a_leading_tilde_is_the_home_folder_in_every_option() {
    let place = Place::new();
    let home = place.folder.path().join("home");
    std::fs::create_dir_all(home.join("docs")).expect("a folder");
    let row = r#"{"type":"memory","memory_type":"project","content":"x"}"#;
    std::fs::write(home.join("rows.jsonl"), row).expect("a file");
    std::fs::write(home.join("o.toml"), "").expect("a file");
    let all = ["--ontology", "~/o.toml", "--log-file", "~/log", "import", "~/rows.jsonl"];
    let output = run(&place, Some("~/x/y.db"), &all);
    assert_made(&place, &output, "home/x/y.db");
    assert_made(&place, &output, "home/log");
    let output = run(&place, None, &["--db", "~/z.db", "ingest", "~/docs", "--root", "~/docs"]);
    assert_made(&place, &output, "home/z.db");
    let output = run(&place, Some("~/x/y.db"), &["backup", "~/copy.db"]);
    assert_made(&place, &output, "home/copy.db");
    assert!(!place.folder.path().join("~").exists());
}

#[test]
fn what_nobody_replaced_makes_no_folder() {
    let place = Place::new();
    for given in [
        "$HOME/z.db",
        "${HOME}/z.db",
        "${user_config.db}",
        "%APPDATA%/z.db",
        "file:///z.db",
        "\"q.db\"",
    ] {
        for output in [
            run(&place, Some(given), &["candidates"]),
            run(&place, None, &["--db", given, "serve"]),
            run(&place, None, &["--log-file", given, "candidates"]),
            run(&place, None, &["serve", "--root", given]),
        ] {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{given}: {told}");
            assert!(told.contains("write the path") || told.contains("leave them out"), "{told}");
        }
    }
    let made = std::fs::read_dir(place.folder.path()).expect("a folder").count();
    assert_eq!(made, 0);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let place = Place::new();
    let mut command = program(&place.db(), 1);
    for name in ["ATOCORE_ONTOLOGY", "ATOCORE_LOG_FILE", "ATOCORE_ROOTS", "ATOCORE_DURABILITY"] {
        command.env(name, "");
    }
    let output = command.args(["serve"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run(&place, Some(""), &["serve"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The file of the default.
    assert!(place.folder.path().join("home").exists());
}

#[test]
fn the_first_line_of_the_log_names_the_file() {
    let place = Place::new();
    for level in ["warn", "info", "debug"] {
        let output = run(&place, None, &["--db", "here.db", "--log", level, "serve"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = told.lines().next().unwrap_or_default();
        let path = place.folder.path().join("here.db");
        assert!(line.contains(&path.display().to_string()), "{told}");
    }
    let output = run(&place, None, &["--db", "here.db", "--log", "error", "serve"]);
    assert!(output.stderr.is_empty());
}

#[test]
fn no_caller_writes_as_atocore_itself() {
    let place = Place::new();
    let new = r#"{"memory_type":"project","content":"x","actor":"atocore-expiry"}"#;
    for arguments in [
        vec!["call", "create_memory", new],
        vec!["ingest", ".", "--actor", "doctor"],
        vec!["import", "rows.jsonl", "--actor", "atocore"],
    ] {
        let output = run(&place, Some("x.db"), &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("a name of atocore itself"), "{told}");
    }
    let mut session = place.serve(1, &[]);
    let call = serde_json::json!({ "memory_type": "project", "content": "x", "actor": "Doctor" });
    let error = session.error("create_memory", call);
    assert!(error["message"].as_str().is_some_and(|text| text.contains("a name of atocore")));
}

#[test]
#[cfg(unix)]
fn a_command_that_is_named_to_a_person_opens_the_same_store_from_any_shell() {
    let place = Place::new();
    let folder = place.folder.path().join("it's 5$");
    std::fs::create_dir(&folder).expect("a folder");
    let slot =
        "[[slot]]\nname = \"component.owner\"\nentity_type = \"component\"\nproperty = \"owner\"\n";
    std::fs::write(folder.join("o.toml"), slot).expect("a file");
    let mut command = program(std::path::Path::new("a b.db"), 1);
    command.args(["--ontology", "o.toml", "serve", "--promotion", "human"]).current_dir(&folder);
    let mut session = Session::start(&mut command);
    let named = ["ada", "bob"].map(|owner| {
        let new = json!({ "entity_type": "component", "name": "Rig", "hand_authored": true,
                          "description": owner, "properties": { "owner": owner } });
        let made = session.ok("create_entity", new);
        let step = made["next_step"].as_str().expect("a step").to_owned();
        step.split('`').nth(1).expect("a command").to_owned()
    });
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_atocore"));
    let said = named.map(|line| {
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &line]).current_dir("/").env_remove("ATOCORE_DB");
        let output = shell.env("PATH", program.parent().expect("a folder")).output();
        let output = output.expect("a shell");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    });
    assert!(said[1].contains("component.owner \"Rig\" (open)"), "{}", said[1]);
    assert_eq!(session.ok("list_conflicts", json!({}))["total"], 1);
    session.end();
}

#[test]
fn a_command_for_the_default_file_needs_no_option() {
    let place = Place::new();
    let mut command = program(&place.db(), 1);
    command.args(["serve", "--promotion", "human"]).current_dir(place.folder.path());
    command.env_remove("ATOCORE_DB").env("HOME", place.folder.path()).env_remove("XDG_DATA_HOME");
    let mut session = Session::start(&mut command);
    let new = json!({ "memory_type": "project", "content": "It is heavy." });
    let made = session.ok("create_memory", new);
    let id = made["memory"]["memory_id"].as_str().expect("an id");
    assert_eq!(made["next_step"], format!("The person runs: `atocore promote {id}`."));
    session.end();
}

#[test]
fn a_command_names_the_next_one_with_the_options_that_it_was_given() {
    let place = Place::new();
    let next = |value: u64, given: &[&str]| {
        let new = json!({ "entity_type": "parameter", "name": "Mass", "status": "active",
                          "hand_authored": true, "properties": { "value": value } });
        let mut command = program(&place.db(), value);
        if !given.is_empty() {
            command.env_remove("ATOCORE_DB");
        }
        command.args(["call", "create_entity", &new.to_string()]).args(given);
        let output = command.current_dir(place.folder.path()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let file = place.db();
    let file = file.to_str().expect("a path");
    next(1, &[]);
    assert!(next(2, &[]).ends_with(" --resolution RESOLUTION`.\n"));
    let named = next(3, &["--db", "store.db"]);
    assert!(named.ends_with(&format!(" --resolution RESOLUTION --db {file}`.\n")), "{named}");
}
