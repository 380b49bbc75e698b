//! A store to be exported.

use serde_json::{Value, json};

use crate::support::Place;

/// Raw sources, with the handles that the program would give them.
const RAW: &str = "INSERT INTO source_documents (id, file_path, file_hash, title, doc_type, tags, \
     project, ingested_at, updated_at, handle) VALUES ('d-1', 'a.md', 'aa', 'A', 'markdown', '[]', '', \
     '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'd0x0t6n'); \
     INSERT INTO source_chunks (id, document_id, chunk_index, content, heading_path, char_count, \
     metadata, created_at, handle) VALUES ('c-1', 'd-1', 0, 'It weighs 4 kg.', 'A', 15, '{}', \
     '2026-01-01T00:00:00.000Z', 'kmvvyy5'); \
     INSERT INTO interactions (id, prompt, project, created_at, handle) \
     VALUES ('i-1', 'How heavy?', 'p07-lynx', '2026-01-01T00:00:00.000Z', 'iy42v2y');";

/// A store in which there is something of everything.
pub fn full(place: &Place) {
    let mut session = place.serve(1, &["--tools", "all"]);
    session.ok("register_project", json!({ "name": "p07-lynx", "aliases": ["lynx", "p07"] }));
    session.ok("register_project", json!({ "name": "p08-fox" }));
    place.sql().execute_batch(RAW).expect("raw sources");
    let id = |answer: &Value, of: &str| {
        answer[of][format!("{of}_id")].as_str().expect("an id").to_owned()
    };
    let heard = session.ok(
        "create_memory",
        json!({ "memory_type": "project", "content": "It weighs\n4 kg: \u{1F52D} \"heavy\".",
            "project": "lynx", "source_chunk_id": "c-1", "status": "active", "confidence": 0.1 }),
    );
    session.ok(
        "graduate_memory",
        json!({ "memory_id": id(&heard, "memory"), "entity_type": "parameter", "name": "Mass",
            "properties": { "value": 4.25, "unit": "kg" }, "promote": true }),
    );
    let make = |kind: &str, name: &str, project: &str| {
        json!({ "entity_type": kind, "name": name, "project": project, "status": "active",
            "source_refs": ["chunk:c-1"], "properties": { "z": 1, "a": { "y": [1.0, 2] } } })
    };
    let mirror = id(&session.ok("create_entity", make("component", "Mirror", "lynx")), "entity");
    let first = id(&session.ok("create_entity", make("material", "Zerodur", "")), "entity");
    let second = id(&session.ok("create_entity", make("material", "Steel", "")), "entity");
    let whole = id(&session.ok("create_entity", make("subsystem", "Tube", "lynx")), "entity");
    for (kind, target) in
        [("uses_material", &first), ("uses_material", &second), ("part_of", &whole)]
    {
        let link = json!({ "source_id": mirror, "relationship_type": kind, "target_id": target });
        session.ok("create_relationship", link);
    }
    let open = session.ok("list_conflicts", json!({}));
    let dismissed = open["items"][0]["conflict_id"].clone();
    session.ok(
        "resolve_conflict",
        json!({ "conflict_id": dismissed, "resolution": "dismiss", "note": "a sandwich" }),
    );
    let mut old = make("parameter", "Mass", "lynx");
    old["properties"] = json!({ "value": 5, "unit": "kg" });
    session.ok("create_entity", old);
    for (project, value) in [("p08-fox", "1"), ("p08-fox", "2"), ("lynx", "B")] {
        let state = json!({ "project": project, "category": "status", "key": "phase",
            "value": value });
        session.ok("set_project_state", state);
    }
    let chain: Vec<String> = ["one", "two", "three"]
        .map(|name| id(&session.ok("create_entity", make("decision", name, "p08-fox")), "entity"))
        .to_vec();
    for pair in chain.windows(2) {
        let ended = json!({ "entity_id": pair[0], "superseded_by": pair[1], "note": "newer" });
        session.ok("supersede_entity", ended);
    }
    // A proposed revision: the mirror is superseded when its successor is promoted.
    let next = json!({ "entity_type": "component", "name": "Mirror 2", "project": "lynx",
                       "hand_authored": true });
    let next = id(&session.ok("create_entity", next), "entity");
    session.ok("supersede_entity", json!({ "entity_id": mirror, "superseded_by": next }));
    session.end();
}
