//! What commands print of text that hides, and what the file holds of it.

use serde_json::{Value, json};

use super::{Planted, SEEN, check_text, dirty, lines};
use crate::support::Place;

/// Runs a command, and checks what it prints.
fn page(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(7, arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // A line of CSV ends with both.
    check_text(&text.replace("\r\n", "\n"), &format!("{arguments:?}"));
    check_text(&String::from_utf8(output.stderr).expect("UTF-8"), &format!("{arguments:?}"));
    text
}

pub fn print_every_page(place: &Place, planted: &Planted) {
    for format in ["mermaid", "dot", "csv", "markdown", "jsonl"] {
        assert!(!page(place, &["export", "--format", format]).is_empty());
    }
    let project = dirty("Lynx").replace('\0', "");
    for arguments in [
        &["candidates"][..],
        &["candidates", "--project", &project],
        &["audit", "show", &planted.entities[0]],
        &["audit", "show", &planted.entities[0], "--json"],
        &["audit", "show", &planted.conflict],
        &["audit", "show", &project],
        &["audit", "verify"],
        &["tools"],
        &["rebuild-claims"],
        &["reject", &planted.entities[3], "--note", &project, "--actor", &project],
        &["reject", &project],
        &["ingest", "docs", "--project", &project],
        &["ingest", &project],
        &["import", &project],
        &["upkeep", "--dry-run", "--stale-candidates-days", "1"],
    ] {
        page(place, arguments);
    }
    let (name, text) = (dirty("name"), lines("text"));
    let row = |fields: Value| fields.to_string();
    let rows = [
        row(json!({ "type": "entity", "entity_type": name, "name": name })),
        row(json!({ "type": name })),
        row(
            json!({ "type": "memory", "memory_type": "project", "content": text, "project": name, "status": "active" }),
        ),
        row(
            json!({ "type": "memory", "memory_type": "project", "content": "x", name.as_str(): 1 }),
        ),
        row(
            json!({ "type": "relationship", "source": name, "relationship_type": "part_of", "target": name }),
        ),
    ];
    std::fs::write(place.folder.path().join("rows.jsonl"), rows.join("\n")).expect("written");
    assert!(page(place, &["import", "rows.jsonl"]).contains("refused 4"));
    let rows = [
        row(json!({ "type": "entity", "name": name, "entityType": name, "observations": [text] })),
        row(json!({ "type": "relation", "from": name, "to": name, "relationType": name })),
        row(json!({ "type": "relation", "from": name, "to": text, "relationType": name })),
    ];
    std::fs::write(place.folder.path().join("memory.jsonl"), rows.join("\n")).expect("written");
    page(place, &["import", "memory.jsonl", "--from", "server-memory"]);
}

/// That each planted text is stored to the byte.
pub fn check_stored(place: &Place) {
    let file = place.sql();
    let quote = |text: &str| serde_json::to_string(text).expect("JSON");
    for (sql, text) in [
        ("SELECT count(*) FROM entities WHERE name = ?1", dirty("Pump")),
        ("SELECT count(*) FROM entities WHERE description = ?1", lines("description")),
        ("SELECT count(*) FROM entities WHERE instr(properties, ?1)", quote(&dirty("inner"))),
        ("SELECT count(*) FROM entities WHERE instr(properties, ?1)", quote(&lines("value"))),
        ("SELECT count(*) FROM entities WHERE instr(source_refs, ?1)", format!("doc:a{SEEN}.md")),
        ("SELECT count(*) FROM entities WHERE project = ?1", dirty("nobody's")),
        (
            "SELECT count(*) FROM relationships WHERE instr(source_refs, ?1)",
            format!("doc:b{SEEN}.md"),
        ),
        ("SELECT count(*) FROM memories WHERE content = ?1", lines("pump")),
        ("SELECT count(*) FROM memories WHERE subject = ?1", dirty("subject")),
        ("SELECT count(*) FROM memories WHERE instr(domain_tags, ?1)", quote(&dirty("tag"))),
        ("SELECT count(*) FROM project_aliases WHERE alias = ?1", dirty("Lynx")),
        ("SELECT count(*) FROM projects WHERE description = ?1", lines("description")),
        ("SELECT count(*) FROM project_state WHERE category = ?1", dirty("status")),
        ("SELECT count(*) FROM project_state WHERE key = ?1", dirty("phase")),
        ("SELECT count(*) FROM project_state WHERE value = ?1", lines("B")),
        ("SELECT count(*) FROM project_state WHERE source = ?1", lines("kick-off")),
        ("SELECT count(*) FROM interactions WHERE prompt = ?1", lines("pump")),
        ("SELECT count(*) FROM interactions WHERE response = ?1", lines("pump pump")),
        ("SELECT count(*) FROM interactions WHERE session_id = ?1", dirty("session")),
        ("SELECT count(*) FROM interactions WHERE instr(context_pack, ?1)", quote(&lines("pack"))),
        (
            "SELECT count(*) FROM source_chunks WHERE instr(content, ?1)",
            format!("pump{SEEN}\u{1B}\u{2028}pump"),
        ),
        ("SELECT count(*) FROM source_chunks WHERE instr(heading_path, ?1)", format!("a{SEEN}a")),
        ("SELECT count(*) FROM source_documents WHERE instr(file_path, ?1)", SEEN.to_owned()),
        ("SELECT count(*) FROM memory_audit WHERE note = ?1", lines("why")),
        ("SELECT count(*) FROM memory_audit WHERE actor = ?1", dirty("ada")),
    ] {
        let count: i64 = file.query_row(sql, [&text], |row| row.get(0)).expect("a number");
        assert!(count > 0, "{sql}: {}", text.escape_debug());
    }
}
