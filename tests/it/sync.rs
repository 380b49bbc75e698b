//! Sources that are read again: in another folder, by many rows, and with nothing left of a forgotten one.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::Place;

/// A store, and a repository with sources in it.
struct Project {
    place: Place,
    seed: u64,
}

impl Project {
    fn new() -> Self {
        let project = Self { place: Place::new(), seed: 0 };
        fs::create_dir_all(project.place.folder.path().join("repo/.git")).expect("a folder");
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.place.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn run(&mut self, arguments: &[&str]) -> Output {
        self.seed += 1;
        self.place.run(self.seed, arguments)
    }

    fn ok(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Checks the sources; returns the exit code and the report.
    fn check(&mut self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["sync", "--check", "--format", "json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().expect("an exit code"), report)
    }
}

fn requirements(numbers: std::ops::Range<usize>, text: &str) -> String {
    let line = |number| {
        json!({
            "type": "entity", "uid": format!("R-{number}"), "entity_type": "requirement",
            "name": format!("Requirement {number}"), "project": "plan", "description": text,
            "source_refs": ["doc:plan.md"], "status": "active",
        })
    };
    numbers.map(|number| format!("{}\n", line(number))).collect()
}

#[test]
fn a_check_changes_nothing_and_tells_by_its_exit_code() {
    let mut project = Project::new();
    project.write("repo/plan.jsonl", &requirements(0..5, "ten"));
    project.ok(&["import", "repo/plan.jsonl", "--as", "plan"]);
    assert_eq!(project.check(&[]).0, 0);
    let audit = "SELECT count(*) FROM memory_audit";
    let before = project.place.count(audit);
    project.write("repo/plan.jsonl", &requirements(0..5, "eleven"));
    let (code, report) = project.check(&[]);
    assert_eq!((code, &report["clean"]), (1, &json!(false)), "{report}");
    assert_eq!(report["sources"][0]["counts"]["updated"], 5, "{report}");
    assert_eq!(project.place.count(audit), before);
    project.ok(&["sync"]);
    assert_eq!(project.check(&[]).0, 0);
    // A row that the source has no more differs from it, and a refused line too.
    project.write("repo/plan.jsonl", &requirements(0..4, "eleven"));
    let (code, report) = project.check(&[]);
    assert_eq!((code, &report["sources"][0]["counts"]["missing"]), (1, &json!(1)), "{report}");
    project.write("repo/plan.jsonl", &format!("{}{{}}\n", requirements(0..5, "eleven")));
    assert_eq!(project.check(&[]).0, 1);
    fs::remove_file(project.place.folder.path().join("repo/plan.jsonl")).expect("removed");
    let (code, report) = project.check(&[]);
    assert_eq!(code, 2, "{report}");
    assert!(report["sources"][0]["error"].as_str().is_some(), "{report}");
}

#[test]
fn sources_are_found_in_another_working_copy() {
    let mut project = Project::new();
    project.write("repo/spec/plan.jsonl", &requirements(0..3, "ten"));
    project.write("repo/docs/site.md", "# Wind\n\nGusts stay below 20 m/s.\n");
    project.write("repo/docs/soil.md", "# Soil\n\nSand.\n");
    project.ok(&["import", "repo/spec/plan.jsonl", "--as", "plan", "--retire-missing"]);
    project.ok(&["ingest", "repo/docs", "--project", "plan"]);
    let wind = json!({
        "entity_type": "constraint", "name": "Wind", "project": "plan", "status": "active",
        "hand_authored": true, "source_refs": ["doc:soil.md"],
    });
    project.ok(&["call", "create_entity", &wind.to_string()]);
    let folder = project.place.folder.path().to_owned();
    fs::rename(folder.join("repo"), folder.join("elsewhere")).expect("moved");
    assert_eq!(project.check(&[]).0, 2, "the folder that is remembered is gone");
    assert_eq!(project.check(&["--root", "elsewhere"]).0, 0, "the same files");
    fs::remove_file(folder.join("elsewhere/docs/soil.md")).expect("removed");
    project.write("elsewhere/spec/plan.jsonl", &requirements(1..4, "ten"));
    let (code, report) = project.check(&["--root", "elsewhere"]);
    let counts = |at: usize| report["sources"][at]["counts"].clone();
    assert_eq!(code, 1, "{report}");
    assert_eq!((&counts(0)["created"], &counts(0)["ended"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!((&counts(1)["ended"], &counts(1)["created"]), (&json!(1), &json!(0)), "{report}");
    let said = project.ok(&["sync", "--root", "elsewhere"]);
    assert!(said.contains("stale_source: \"doc:soil.md\" (gone)"), "{said}");
    assert_eq!(project.place.count("SELECT count(*) FROM source_documents"), 1);
    // The folder is remembered.
    let (code, report) = project.check(&[]);
    assert_eq!((code, report["stale"].as_array().map(Vec::len)), (1, Some(1)), "{report}");
    assert_eq!(report["sources"][1]["differs"], json!(false), "{report}");
}

#[test]
fn a_summary_fits_into_a_comment_and_counts_what_it_leaves_out() {
    let mut project = Project::new();
    project.write("repo/plan.jsonl", &requirements(0..1_500, "ten"));
    project.ok(&["import", "repo/plan.jsonl", "--as", "plan|*", "--retire-missing"]);
    project.write("repo/plan.jsonl", &requirements(500..2_500, &"\u{b5}[x](y) ".repeat(40)));
    let output = project.run(&["sync", "--check", "--format", "markdown"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
    assert!(text.contains("| **plan\\|\\*** | 1000 | 1000 | 0 | 500 | 0 | 0 | 0 |"), "{text:.900}");
    for (list, total) in
        [("New rows", 1000), ("Changed rows", 1000), ("no longer in the source", 500)]
    {
        let (_, rest) = text.split_once(&format!(": {list}: {total}\n")).expect(list);
        let rows = rest.trim_start().lines().take_while(|line| line.starts_with("- "));
        let rows: Vec<&str> = rows.collect();
        let (last, shown) = rows.split_last().expect("rows");
        assert_eq!(*last, format!("- {} more", total - shown.len()), "{list}");
        assert!(shown.len() > 50, "{list}: {}", shown.len());
    }
    assert!(!text.contains("[x](y)"), "a name is no link");
}

#[test]
fn nothing_is_left_of_a_forgotten_source() {
    let mut project = Project::new();
    project.write("repo/Aldermoor/plan.jsonl", &requirements(0..2, "ten"));
    project.ok(&["import", "repo/Aldermoor/plan.jsonl", "--as", "Brackenridge"]);
    let conn = project.place.sql();
    let kept =
        "SELECT count(*) FROM memory_audit WHERE instr(after_json || before_json, 'Aldermoor')";
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(count(kept), 1);
    project.ok(&[
        "import",
        "repo/Aldermoor/plan.jsonl",
        "--as",
        "Brackenridge",
        "--retire-missing",
    ]);
    let said = project.ok(&["sync", "--forget", "brackenridge", "--note", "moved"]);
    assert!(said.starts_with("forgotten: import \"Brackenridge\""), "{said}");
    assert_eq!(count(kept), 0);
    drop(conn);
    let bytes = fs::read(project.place.db()).expect("the file");
    let name = b"Aldermoor";
    assert!(!bytes.windows(name.len()).any(|part| part == name), "in free parts of the file");
    assert_eq!(project.ok(&["list", "--type", "requirement"]).lines().count(), 3);
    assert!(project.ok(&["sync", "--list"]).starts_with("no source is remembered"));
    project.place.verify();
    project.ok(&["doctor"]);
    // It may be remembered again.
    project.ok(&["import", "repo/Aldermoor/plan.jsonl", "--as", "Brackenridge"]);
    assert!(project.ok(&["sync", "--list"]).starts_with("import \"Brackenridge\""));
}

#[test]
fn sources_go_with_an_export_and_are_no_part_of_an_undo() {
    let mut project = Project::new();
    project.write("repo/plan.jsonl", &requirements(0..2, "ten"));
    let report = project.ok(&["import", "repo/plan.jsonl", "--as", "plan", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["remembered"], "plan");
    project.ok(&["export", "all.jsonl"]);
    project.ok(&["import", "all.jsonl", "--db", "copy.db"]);
    let listed = project.ok(&["sync", "--list", "--db", "copy.db"]);
    assert!(listed.starts_with("import \"plan\""), "{listed}");
    let (code, report) = project.check(&["--db", "copy.db"]);
    assert_eq!(code, 0, "{report}");
    let operation = report["sources"][0]["report"]["operation"].clone();
    assert_eq!(operation, Value::Null, "a check is no operation");
    let last = "SELECT handle FROM operations ORDER BY last_seq DESC LIMIT 1";
    let watched: String =
        project.place.sql().query_row(last, [], |row| row.get(0)).expect("an operation");
    let undone = project.run(&["undo", &watched]);
    let said = String::from_utf8_lossy(&undone.stderr).into_owned();
    assert!(said.contains("it changed the store as a whole"), "{said}");
    let all = project.ok(&["undo", "--since", "2020-01-01", "--client", "cli", "--dry-run"]);
    assert!(all.contains(&format!("watch_source {watched} stays")), "{all}");
    let undone: Value =
        serde_json::from_str(&project.ok(&["import", "repo/plan.jsonl", "--as", "plan", "--json"]))
            .expect("JSON");
    assert_eq!(undone.get("remembered"), None, "it was remembered before");
}

#[test]
fn a_path_with_a_secret_is_imported_and_not_remembered() {
    let mut project = Project::new();
    let folder = format!("repo/ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let file = format!("{folder}/plan.jsonl");
    project.write(&file, &requirements(0..2, "ten"));
    let output = project.run(&["import", &file, "--as", "plan"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`atocore sync` will not read it again"), "{said}");
    assert!(project.ok(&["sync", "--list"]).starts_with("no source is remembered"));
}

#[test]
fn a_read_only_file_is_not_checked_and_the_hint_says_what_to_do() {
    let mut project = Project::new();
    project.write("repo/plan.jsonl", &requirements(0..2, "ten"));
    project.ok(&["import", "repo/plan.jsonl", "--as", "plan"]);
    project.ok(&["backup", "kept.db"]);
    let kept = project.place.folder.path().join("kept.db");
    let mut protected = fs::metadata(&kept).expect("a file").permissions();
    protected.set_readonly(true);
    fs::set_permissions(&kept, protected).expect("read-only");
    let output = project.run(&["sync", "--check", "--db", "kept.db"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a backup that is restored into a new file"), "{said}");
    assert!(!said.contains("--root"), "{said}");
    project.ok(&["restore", "kept.db", "--db", "copy.db"]);
    assert_eq!(project.check(&["--db", "copy.db"]).0, 0);
}

#[test]
fn a_name_of_a_source_has_no_control_characters() {
    let mut project = Project::new();
    project.write("repo/plan.jsonl", &requirements(0..2, "ten"));
    for (name, problem) in [
        ("x\ry", "has control characters in it"),
        ("x\u{1}y", "has control characters in it"),
        (" x", "has spaces around it"),
    ] {
        let output = project.run(&["import", "repo/plan.jsonl", "--as", name]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(problem), "{said}");
    }
}
