//! Upkeep over many rows, twice on a day, and between the calls of a client.

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::support::{PATIENCE, Place};

/// Memories put into the file from outside, idle since 2025 and ended if `valid_until` says so.
fn memories(place: &Place, count: u32, valid_until: &str) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO memories (id, memory_type, content, status, valid_until, created_at, \
         updated_at) SELECT 'm-' || printf('%05d', i), 'project', 'No. ' || i, 'active', \
         {valid_until}, '2025-11-20T00:00:00.000Z', '2025-11-20T00:00:00.000Z' FROM n"
    );
    place.sql().execute(&sql, []).expect("rows");
}

fn upkeep(place: &Place, seed: u64, more: &[&str]) -> String {
    let output = place.run(seed, &[&["upkeep"], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_row_is_reached_however_many_there_are() {
    let place = Place::new();
    place.serve(1, &[]).end();
    memories(&place, 1_201, "'2025-12-01'");
    let shown = upkeep(&place, 2, &["--dry-run"]);
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), 0);
    let told = upkeep(&place, 2, &[]);
    assert!(told.starts_with("expired 1201\n") && told.contains("  and 1151 more\n"), "{told}");
    let plan = shown.strip_suffix("dry run: nothing was changed\n").expect("a dry run");
    assert!(told.starts_with(plan), "{shown}");
    assert_eq!(place.count("SELECT count(*) FROM memories WHERE status = 'invalid'"), 1_201);
    place.verify();
}

#[test]
fn a_second_run_on_a_day_changes_nothing() {
    let place = Place::new();
    place.serve(1, &[]).end();
    memories(&place, 600, "NULL");
    assert!(upkeep(&place, 5, &[]).contains("decayed 600, 0 of them superseded\n"));
    let rows = "SELECT count(*) FROM memory_audit";
    assert_eq!(place.count(rows), 600);
    assert!(upkeep(&place, 5, &[]).contains("decayed 0, "));
    assert_eq!(place.count(rows), 600);
    assert!(upkeep(&place, 6, &[]).contains("decayed 600, "));
    place.verify();
}

#[test]
fn a_server_does_upkeep_between_the_calls_of_its_client() {
    let place = Place::new();
    place.serve(1, &[]).end();
    memories(&place, 3, "'2025-12-01'");
    let mut session = place.serve(2, &["--upkeep-every", "24"]);
    session.ok("create_memory", json!({ "memory_type": "project", "content": "Meanwhile." }));
    let left = "SELECT count(*) FROM memories WHERE status = 'active'";
    for _ in 0..500 {
        if place.count(left) == 0 {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    assert_eq!(place.count(left), 0);
    session.end();
    let expired = "SELECT count(*) FROM memory_audit WHERE actor = 'atocore-expiry'";
    assert_eq!(place.count(expired), 3);
    place.verify();
}

#[test]
fn a_clock_far_from_the_newest_change_ends_nothing() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    session.ok("create_memory", json!({ "memory_type": "project", "content": "Today." }));
    session.end();
    memories(&place, 3, "NULL");
    let refused = |seed: u64, said: &str| {
        let output = place.run(seed, &["upkeep"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{told}");
        assert!(told.contains("Give --trust-clock."), "{told}");
        let shown = upkeep(&place, seed, &["--dry-run"]);
        assert!(shown.contains("a run would be refused"), "{shown}");
        let left = "SELECT count(*) FROM memories WHERE status = 'active'";
        assert_eq!(place.count(left), 3);
    };
    refused(100, "days after the newest change of the store");
    let log = ["--log-file", "log", "--upkeep-every", "24"];
    let mut session = place.serve(100, &log);
    // It runs next to the calls: the session lasts until the log has its line.
    let log = place.folder.path().join("log");
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let begun = std::time::Instant::now();
    while !said().contains("upkeep is left out") && begun.elapsed() < PATIENCE {
        session.ok("list_projects", json!({}));
    }
    session.end();
    assert!(said().contains("upkeep is left out"), "{}", said());
    // A server with a wrong clock wrote something.
    place
        .serve(3_000, &[])
        .ok("create_memory", json!({ "memory_type": "project", "content": "x" }));
    refused(5, "days before the newest change of the store");
    assert!(upkeep(&place, 100, &["--trust-clock"]).contains("decayed 3, 3 of them superseded"));
}

#[test]
fn changes_are_listed_by_the_chain_whatever_the_clock_said() {
    let place = Place::new();
    for (seed, content) in [(1, "First."), (3_000, "Second."), (2, "Third.")] {
        let mut session = place.serve(seed, &[]);
        let new = json!({ "memory_type": "project", "content": content, "project": "p" });
        session.ok("create_memory", new);
        session.end();
    }
    let mut session = place.serve(4, &[]);
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let ask = json!({ "question": "recent_changes", "project": "p", "limit": 1,
                          "cursor": cursor, "detail": "full" });
        let page = session.ok("query_project", ask);
        listed.push(page["items"][0]["after"]["content"].clone());
        cursor = page.get("next_cursor").cloned();
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, ["Third.", "Second.", "First."]);
    let since = json!({ "question": "recent_changes", "project": "p", "since": "2026-01-03" });
    let page = session.ok("query_project", since);
    assert_eq!(page["total"], 2, "{page}");
}
