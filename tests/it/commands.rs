//! What a person at a terminal gets: the demo, completions, the manual page, help.

use std::process::Command;

use rexpect::session::spawn_command;

use crate::support::{Place, program};

fn printed(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(1, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_demo_keeps_its_store_only_in_a_new_file() {
    let place = Place::new();
    let kept = place.folder.path().join("kept.db");
    let name = kept.to_str().expect("a name");
    let shown = printed(&place, &["demo", "--keep", name]);
    assert!(shown.contains("the chain holds: true"), "{shown}");
    let connects = format!("claude mcp add atocore -- {}", env!("CARGO_BIN_EXE_atocore"));
    assert!(shown.contains(&format!("{connects} --db {name}\n")), "{shown}");
    let size = std::fs::metadata(&kept).expect("the store").len();
    let again = place.run(1, &["demo", "--keep", name]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    assert_eq!(std::fs::metadata(&kept).expect("the store").len(), size);
}

#[test]
fn the_demo_opens_no_other_store() {
    let place = Place::new();
    for arguments in [["--db", "mine.db", "demo"], ["demo", "--db", "mine.db"]] {
        let refused = place.run(1, &arguments);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("--keep FILE"), "{said}");
    }
    assert!(!place.folder.path().join("mine.db").exists());
}

#[test]
fn errors_and_next_steps_name_the_flags_of_the_command() {
    let place = Place::new();
    printed(&place, &["import", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/lynx.jsonl")]);
    let said = |arguments: &[&str]| {
        let output = place.run(1, arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert!(said(&["search", "glass", "--limit", "900"]).starts_with("error: --limit: "));
    assert!(said(&["search", "glass", "--cursor", "x"]).starts_with("error: --cursor: "));
    assert!(said(&["show", "no such row"]).contains("no row"));
    let open = printed(&place, &["conflicts", "--json"]);
    let open: serde_json::Value = serde_json::from_str(&open).expect("JSON");
    let conflict = open["items"][0]["conflict_id"].as_str().expect("an id");
    let dismissed = said(&["resolve", conflict, "--resolution", "dismiss", "--winner", "Cell"]);
    assert!(dismissed.starts_with("error: --winner: "), "{dismissed}");
    assert!(dismissed.contains("Leave --winner out"), "{dismissed}");
    let far = said(&["call", "create_entity", r#"{"entity_type": "person", "name": "Ada"}"#]);
    assert!(far.contains("Known types: ") && !far.contains("Did you mean"), "{far}");
    let by_argument = said(&["call", "search", r#"{"query": "glass", "limit": 900}"#]);
    assert!(by_argument.starts_with("error: limit: "), "{by_argument}");
    let nothing = printed(&place, &["search", "zzzzqq"]);
    assert!(nothing.contains("next: --all shows what is not active."), "{nothing}");
    assert!(!printed(&place, &["search", "zzzzqq", "--all"]).contains("--all"));
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&place, &["completions", shell]);
        assert!(["candidates", "rebuild-claims", "json"].iter().all(|word| script.contains(word)));
    }
    let script = printed(&place, &["completions", "bash"]);
    let file = place.folder.path().join("atocore.bash");
    std::fs::write(&file, script).expect("a file");
    let checked = Command::new("bash").arg("-n").arg(&file).status().expect("bash runs");
    assert!(checked.success(), "bash reads the script");
    let page = printed(&place, &["man"]);
    assert!(page.contains(".TH atocore 1") && page.contains("rebuild\\-claims"), "{page}");
}

#[test]
fn help_has_the_common_options_in_a_group_of_their_own() {
    let help = printed(&Place::new(), &["resolve", "--help"]);
    let (own, common) = help.split_once("Common options:").expect("a group");
    assert!(own.contains("--winner") && !own.contains("--durability"), "{own}");
    assert!(common.contains("--db") && !common.contains("--winner"), "{common}");
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

#[test]
fn more_or_less_log_is_one_letter() {
    let place = Place::new();
    let log = |flags: &[&str]| {
        let mut command = program(&place.db(), 1);
        let output = command.args(flags).arg("serve").output().expect("it runs");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert_eq!(log(&["-q"]), "");
    assert!(log(&["-v"]).contains("a commit survives"));
    assert!(!log(&[]).contains("a commit survives"));
}

#[test]
fn a_server_on_a_terminal_says_what_it_waits_for() {
    let place = Place::new();
    let mut command = program(&place.db(), 1);
    command.arg("serve");
    let mut terminal = spawn_command(command, Some(20_000)).expect("a terminal");
    terminal.exp_string("waits for an MCP client on standard input").expect("a word");
    terminal.send_control('d').expect("the end");
    terminal.exp_eof().expect("it ends");
}
