//! `--promotion human`: whatever an agent calls, the rows that a person approved stay as they are.

use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::support::{Place, Session};

/// The tables with approved rows, and the columns that counting a reference may change.
const TABLES: [(&str, &[&str]); 8] = [
    ("entities", &[]),
    ("memories", &["reference_count", "last_referenced_at"]),
    ("relationships", &[]),
    ("conflicts", &[]),
    ("conflict_members", &[]),
    ("project_state", &[]),
    ("projects", &[]),
    ("project_aliases", &[]),
];

/// The approved rows of the store, by table and row.
#[derive(Debug, PartialEq)]
struct ApprovedRows(Vec<(String, Vec<String>)>);

impl ApprovedRows {
    /// Reads the rows of each table up to a rowid, except candidates.
    fn read(place: &Place, last: &[i64]) -> Self {
        let file = place.sql();
        let mut all = Vec::new();
        for ((table, counted), last) in TABLES.iter().zip(last) {
            let mut statement = file
                .prepare(&format!("SELECT * FROM {table} WHERE rowid <= {last} ORDER BY rowid"))
                .expect(table);
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let kept = |name: &&String| !counted.contains(&name.as_str());
            let mut rows = statement.query([]).expect(table);
            while let Some(row) = rows.next().expect("a row") {
                let cells: Vec<String> = names
                    .iter()
                    .filter(kept)
                    .map(|name| format!("{name} {:?}", row.get::<_, Cell>(name.as_str())))
                    .collect();
                all.push(((*table).to_owned(), cells));
            }
        }
        Self(all)
    }
}

/// The handles of the approved rows, by their names in [`ATTEMPTS`].
type Handles = Vec<(&'static str, String)>;

/// Every way in which a call may try to change an approved row, by tool.
const ATTEMPTS: &[(&str, &[&str])] = &[
    (
        "update_entity",
        &[
            r#"{"entity_id": "@mass", "description": "At most 400 kg."}"#,
            r#"{"entity_id": "@mass", "properties": {"value": 400}}"#,
            r#"{"entity_id": "@mass", "properties": {"value": null}}"#,
            r#"{"entity_id": "@mass", "confidence": 0.1, "hand_authored": true}"#,
            r#"{"entity_id": "@mass", "uid": "REQ-1"}"#,
            r#"{"entity_id": "@mass", "entity_type": "risk"}"#,
            r#"{"entity_id": "@mass", "project": "elsewhere"}"#,
            r#"{"entity_id": "@mass", "source_refs": ["chunk:@chunk"]}"#,
            // Settles the conflict about the gap.
            r#"{"entity_id": "@gap", "properties": {"value": 41}, "note": "agreed"}"#,
        ],
    ),
    (
        "update_memory",
        &[
            r#"{"memory_id": "@memory", "content": "The load is 400 kg."}"#,
            r#"{"memory_id": "@memory", "subject": "another", "uid": "M-1"}"#,
            r#"{"memory_id": "@memory", "confidence": 0.1, "domain_tags": ["x"]}"#,
            r#"{"memory_id": "@memory", "valid_until": "2020-01-01"}"#,
            r#"{"memory_id": "@memory", "project": "elsewhere"}"#,
        ],
    ),
    (
        "review_memory",
        &[
            r#"{"memory_id": "@memory", "action": "supersede"}"#,
            r#"{"memory_id": "@memory", "action": "supersede", "superseded_by": "@other"}"#,
            r#"{"memory_id": "@memory", "action": "invalidate", "note": "no"}"#,
            r#"{"memory_id": "@memory", "action": "reject"}"#,
        ],
    ),
    (
        "supersede_entity",
        &[
            r#"{"entity_id": "@mirror"}"#,
            r#"{"entity_id": "@mirror", "superseded_by": "@cell"}"#,
            r#"{"entity_id": "@mirror", "superseded_by": "@own"}"#,
        ],
    ),
    ("invalidate_entity", &[r#"{"entity_id": "@mirror", "note": "no"}"#]),
    ("review_link", &[r#"{"relationship_ids": ["@link"]}"#, r#"{"entity_id": "@mirror"}"#]),
    (
        "create_relationship",
        &[
            r#"{"relationship_type": "uses_material", "source_id": "@mirror", "target_id": "@zerodur", "end": true}"#,
            r#"{"relationship_type": "part_of", "source_id": "@mirror", "target_id": "@cell", "end": true}"#,
            r#"{"relationship_type": "contains", "source_id": "@cell", "target_id": "@mirror", "end": true}"#,
            r#"{"relationship_type": "supersedes", "source_id": "@own", "target_id": "@mirror"}"#,
        ],
    ),
    (
        "create_entity",
        &[
            r#"{"entity_type": "component", "name": "now", "hand_authored": true, "status": "active"}"#,
            r#"{"entity_type": "component", "name": "later", "source_refs": ["memory:@memory"]}"#,
            r#"{"entity_type": "component", "name": "beside", "hand_authored": true,
                "relationships": [{"relationship_type": "supersedes", "target_id": "@mirror"}]}"#,
        ],
    ),
    (
        "create_memory",
        &[r#"{"memory_type": "project", "content": "At once.", "status": "active"}"#],
    ),
    (
        "create_batch",
        &[
            r#"{"entities": [{"entity_type": "risk", "name": "R", "hand_authored": true, "status": "active"}]}"#,
            r#"{"relationships": [{"relationship_type": "uses_material", "source_id": "@mirror",
                "target_id": "@zerodur", "end": true}]}"#,
        ],
    ),
    (
        "graduate_memory",
        &[
            r#"{"memory_id": "@memory", "entity_type": "risk", "name": "R", "promote": true}"#,
            r#"{"memory_id": "@memory", "entity_id": "@mirror"}"#,
            r#"{"memory_id": "@memory", "entity_type": "risk", "name": "R"}"#,
        ],
    ),
    (
        "register_project",
        &[
            r#"{"name": "evil", "aliases": ["team"]}"#,
            r#"{"name": "p07-lynx", "aliases": ["team"]}"#,
        ],
    ),
    ("merge_entities", &[r#"{"entity_id": "@zerodur", "into": "@mirror"}"#]),
    (
        "merge_memories",
        &[
            r#"{"memory_id": "@memory", "into": "@other"}"#,
            r#"{"memory_id": "@other", "into": "@memory"}"#,
        ],
    ),
    ("remove_project_alias", &[r#"{"name": "p07-lynx", "alias": "lynx"}"#]),
    ("rename_project", &[r#"{"name": "lynx", "new_name": "p08-fox"}"#]),
    (
        "merge_projects",
        &[r#"{"name": "p07-lynx", "into": "p09-owl"}"#, r#"{"name": "p09-owl", "into": "lynx"}"#],
    ),
    (
        "set_project_state",
        &[
            r#"{"project": "p07-lynx", "category": "status", "key": "phase", "value": "C"}"#,
            r#"{"project": "p07-lynx", "category": "status", "key": "phase", "value": "B", "end": true}"#,
        ],
    ),
    (
        "record_interaction",
        &[r#"{"prompt": "p", "response": "The load is 40 kg.", "memories_used": ["@memory"]}"#],
    ),
    ("create_baseline", &[r#"{"name": "PDR"}"#]),
    ("record_handoff", &[r#"{"done": ["d"], "rows": ["@memory"]}"#]),
    ("accept_handoff", &[r#"{"interaction_id": "@left"}"#]),
    (
        "undo",
        &[r#"{"operation": "@made"}"#, r#"{"operation": "@set"}"#, r#"{"operation": "@newest"}"#],
    ),
    ("undo_since", &[r#"{"since": "@made", "client": "story"}"#]),
    ("ingest_source", &[r#"{"path": "a.md", "project": "p07-lynx"}"#]),
    // Withheld, and tried by name.
    ("promote_entity", &[r#"{"entity_id": "@own"}"#]),
    ("reject_entity", &[r#"{"entity_id": "@mirror"}"#]),
    (
        "resolve_conflict",
        &[
            r#"{"conflict_id": "@conflict", "resolution": "dismiss"}"#,
            r#"{"conflict_id": "@conflict", "resolution": "keep_all"}"#,
        ],
    ),
    (
        "review_candidates",
        &[
            r#"{"decisions": [{"id": "@mirror", "action": "edit", "changes": {"description": "x"}}]}"#,
        ],
    ),
    (
        "redact",
        &[
            r#"{"entity_id": "@mirror", "note": "no"}"#,
            r#"{"state_id": "@state", "note": "no"}"#,
            r#"{"relationship_id": "@link", "note": "no"}"#,
        ],
    ),
];

/// Fills a store with approved rows only, as a person would through a server that trusts them.
fn approve_rows(place: &Place) -> Handles {
    std::fs::write(place.folder.path().join("a.md"), "# Mirror\n\nThe mirror is heavy.\n")
        .expect("a document");
    let root = place.folder.path().to_string_lossy().into_owned();
    let mut session = place.serve(1, &["--tools", "all", "--root", &root]);
    session.ok("register_project", json!({ "name": "p07-lynx", "aliases": ["lynx"] }));
    session.ok("register_project", json!({ "name": "p09-owl" }));
    session.ok("ingest_source", json!({ "path": "a.md", "project": "p07-lynx" }));
    let active = |entity_type: &str, name: &str| {
        json!({ "key": name, "entity_type": entity_type, "name": name, "project": "p07-lynx",
                "status": "active", "hand_authored": true, "properties": { "value": 40 } })
    };
    let batch = json!({
        "entities": [active("component", "mirror"), active("component", "cell"),
            active("requirement", "mass"), active("material", "zerodur"),
            active("parameter", "gap"),
            { "entity_type": "parameter", "name": "gap", "project": "p07-lynx", "status": "active",
              "hand_authored": true, "properties": { "value": 41 } },
            { "entity_type": "component", "name": "stray", "project": "team", "status": "active",
              "hand_authored": true }],
        "relationships": [
            { "relationship_type": "uses_material", "source_id": "mirror", "target_id": "zerodur" },
            { "relationship_type": "part_of", "source_id": "mirror", "target_id": "cell" },
            { "relationship_type": "satisfies", "source_id": "mirror", "target_id": "mass" }],
        "memories": [
            { "memory_type": "project", "content": "The load is 40 kg.", "subject": "load",
              "project": "p07-lynx", "status": "active" },
            { "memory_type": "project", "content": "The load is 41 kg.", "subject": "load",
              "project": "p07-lynx", "status": "active" },
            { "memory_type": "project", "content": "Of the team.", "project": "team",
              "status": "active" }] });
    let made = session.ok("create_batch", batch);
    let entity = |at: usize| text(&made["entities"][at]["entity_id"]);
    let memory = |at: usize| text(&made["memories"][at]["memory_id"]);
    let state = session.ok(
        "set_project_state",
        json!({ "project": "p07-lynx", "category": "status", "key": "phase", "value": "B" }),
    );
    let left = session.ok("record_handoff", json!({ "next_steps": ["Ask."] }));
    session.end();
    vec![
        ("@left", text(&left["interaction_id"])),
        ("@mirror", entity(0)),
        ("@cell", entity(1)),
        ("@mass", entity(2)),
        ("@zerodur", entity(3)),
        ("@gap", entity(4)),
        ("@memory", memory(0)),
        ("@other", memory(1)),
        ("@conflict", text(&made["conflicts"][0]["conflict_id"])),
        ("@made", text(&made["operation"])),
        ("@set", text(&state["operation"])),
        ("@state", text(&state["project_state"]["project_state_id"])),
        ("@chunk", handle_of(place, "source_chunks")),
        ("@link", handle_of(place, "relationships")),
    ]
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn handle_of(place: &Place, table: &str) -> String {
    let sql = format!("SELECT handle FROM {table} ORDER BY id LIMIT 1");
    place.sql().query_row(&sql, [], |row| row.get(0)).expect(table)
}

/// Returns the arguments of an attempt, with the handles of its rows.
fn read_attempt(attempt: &str, handles: &Handles) -> Value {
    let named = |text: String, (name, handle): &(&str, String)| text.replace(name, handle);
    let text = handles.iter().fold(attempt.to_owned(), named);
    serde_json::from_str(&text).expect(attempt)
}

/// Calls a tool in every form: plainly, as a dry run, and twice with a key.
fn try_all_forms(session: &mut Session, tool: &str, arguments: &Value, key: usize) {
    let with = |name: &str, value: Value| {
        let mut arguments = arguments.clone();
        arguments[name] = value;
        arguments
    };
    for arguments in [
        arguments.clone(),
        with("dry_run", json!(true)),
        with("idempotency_key", json!(format!("key {key}"))),
        with("idempotency_key", json!(format!("key {key}"))),
    ] {
        // Refused, unknown or proposed: only the rows count.
        session.request("tools/call", json!({ "name": tool, "arguments": arguments }));
    }
}

#[test]
fn no_call_of_an_agent_changes_a_row_that_a_person_approved() {
    let place = Place::new();
    let mut handles = approve_rows(&place);
    // Its links become suspect.
    let (_, mirror) = handles.iter().find(|(name, _)| *name == "@mirror").expect("a handle");
    let change = json!({ "entity_id": mirror, "description": "Cast." }).to_string();
    place.run(3, &["call", "update_entity", &change]);
    assert!(place.count("SELECT max(content_version) FROM entities") > 1);
    let newest = "SELECT handle FROM operations ORDER BY last_seq DESC LIMIT 1";
    let newest = place.sql().query_row(newest, [], |row| row.get(0)).expect("an operation");
    handles.push(("@newest", newest));
    let last: Vec<i64> = TABLES
        .iter()
        .map(|(table, _)| place.count(&format!("SELECT coalesce(max(rowid), 0) FROM {table}")))
        .collect();
    let before = ApprovedRows::read(&place, &last);
    let root = place.folder.path().to_string_lossy().into_owned();
    let arguments = ["--promotion", "human", "--tools", "all", "--root", &root];
    let mut session = place.serve(2, &arguments);
    let new = json!({ "entity_type": "component", "name": "own", "project": "p07-lynx",
                      "hand_authored": true });
    let own = text(&session.ok("create_entity", new)["entity"]["entity_id"]);
    handles.push(("@own", own));
    let tried = |name: &str| ATTEMPTS.iter().any(|(tool, _)| *tool == name);
    let listed = session.request("tools/list", json!({}));
    for tool in listed["result"]["tools"].as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name");
        let reads = tool["annotations"]["readOnlyHint"] == true;
        assert!(reads || tried(name), "{name} writes and is not tried here");
    }
    let mut key = 0;
    for (tool, variants) in ATTEMPTS {
        for attempt in *variants {
            let arguments = read_attempt(attempt, &handles);
            key += 1;
            try_all_forms(&mut session, tool, &arguments, key);
            let now = ApprovedRows::read(&place, &last);
            assert_eq!(before, now, "{tool} {arguments}");
        }
    }
    session.end();
    let pending = "SELECT count(*) FROM revisions WHERE status = 'pending'";
    assert!(place.count(pending) >= 12, "{}", place.count(pending));
    place.verify();
}
