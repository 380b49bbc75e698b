//! The readable mirror: what is on its pages, and which files it writes.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use serde_json::json;

use crate::support::{PATIENCE, Place, program};

fn ok(place: &Place, seed: u64, arguments: &[&str]) -> String {
    let output = place.run(seed, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A project with a subsystem, a decision and its successor.
fn fill(place: &Place) -> (String, String) {
    let mut session = place.serve(1, &["--project", "lynx"]);
    let mut create = |kind: &str, name: &str, more: serde_json::Value| {
        let mut fields = json!({ "entity_type": kind, "name": name, "status": "active",
                                 "source_refs": ["doc:design.md"] });
        for (name, value) in more.as_object().expect("fields") {
            fields[name] = value.clone();
        }
        let made = session.ok("create_entity", fields);
        made["entity"]["entity_id"].as_str().expect("a handle").to_owned()
    };
    let optics = create("subsystem", "Optics & <b>", json!({}));
    let part =
        json!({ "relationships": [{ "relationship_type": "part_of", "target_id": optics }] });
    create("component", "Mirror", part);
    let choice = |words: &str| {
        let link = json!({ "relationship_type": "affected_by_decision", "source_id": optics });
        json!({ "properties": { "choice": words }, "relationships": [link] })
    };
    let old = create("decision", "Fan", choice("active"));
    let new = create("decision", "No fan", choice("passive"));
    session.ok("supersede_entity", json!({ "entity_id": old, "superseded_by": new }));
    session.end();
    (optics, new)
}

#[test]
fn pages_hold_the_rows_and_unchanged_ones_are_not_touched() {
    let place = Place::new();
    let (optics, new) = fill(&place);
    let folder = place.folder.path().join("pages");
    assert_eq!(ok(&place, 2, &["mirror", "pages"]), "3 pages: 3 written, 0 removed\n");
    let read = |name: &str| fs::read_to_string(folder.join("lynx").join(name)).expect(name);
    let decisions = read("decisions.md");
    assert_eq!(decisions.matches("passive").count(), 1, "{decisions}");
    assert_eq!(
        decisions.matches("No fan").count(),
        2,
        "its heading, and as a successor: {decisions}"
    );
    assert!(decisions.contains(&format!("superseded; now **No fan** `{new}`")), "{decisions}");
    let page = read(&format!("subsystem-optics-b-{optics}.md"));
    assert!(page.contains("- component **Mirror**") && !page.contains("<b>"), "{page}");
    let named = format!("- [**No fan**](decisions.md) `{new}`\n");
    assert!(page.contains(&named) && !page.contains("passive"), "{page}");
    assert!(read("overview.md").contains("# Project lynx"));
    assert_eq!(ok(&place, 3, &["mirror", "pages"]), "3 pages: 0 written, 0 removed\n");

    let end = json!({ "entity_id": optics, "note": "it was split" }).to_string();
    ok(&place, 4, &["call", "invalidate_entity", &end]);
    assert_eq!(ok(&place, 5, &["mirror", "pages"]), "2 pages: 1 written, 1 removed\n");
}

#[test]
fn an_edited_page_and_a_file_of_somebody_else_stay() {
    let place = Place::new();
    fill(&place);
    ok(&place, 2, &["mirror", "pages"]);
    let folder = place.folder.path().join("pages/lynx");
    let (edited, foreign) = (folder.join("decisions.md"), folder.join("notes.md"));
    let text = fs::read_to_string(&edited).expect("a page") + "A note.\n";
    fs::write(&edited, &text).expect("an edit");
    fs::write(&foreign, "Mine.").expect("a file");
    let refused = place.run(3, &["mirror", "pages"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("decisions.md was edited") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&edited).expect("the edit"), text);
    ok(&place, 4, &["mirror", "pages", "--force"]);
    assert_ne!(fs::read_to_string(&edited).expect("the page"), text);
    assert_eq!(fs::read_to_string(&foreign).expect("the file"), "Mine.");
}

#[test]
fn a_watched_store_writes_its_pages_again() {
    let place = Place::new();
    fill(&place);
    let mut watching = program(&place.db(), 6)
        .args(["mirror", "pages", "--watch"])
        .current_dir(place.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let page = place.folder.path().join("pages/lynx/decisions.md");
    let wait_for = |words: &str| {
        let begun = Instant::now();
        while !fs::read_to_string(&page).is_ok_and(|text| text.contains(words)) {
            assert!(begun.elapsed() < PATIENCE, "{words} does not come");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    wait_for("No fan");
    let late = json!({ "entity_type": "decision", "name": "Later", "project": "lynx",
                       "hand_authored": true });
    ok(&place, 7, &["call", "create_entity", &late.to_string()]);
    wait_for("Later");
    watching.kill().expect("a signal");
    watching.wait().expect("its end");
}
