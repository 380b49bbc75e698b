//! Calls of every operation that writes, on a small prepared store, where each of them changes something.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::support::{Place, Session, program};

/// The calls of one operation. In arguments `@name` is the handle of a row of the prepared store.
pub struct Case {
    pub operation: &'static str,
    /// Arguments that agents may always give. Without any, the operation is the person's where
    /// promotion is.
    pub free: &'static [&'static str],
    /// Arguments with which a call makes a row active, rejects one, settles a conflict, sets trusted
    /// state or erases.
    pub deciding: &'static [&'static str],
    /// A command of the operation's own that does the same.
    pub command: &'static [&'static str],
}

pub const CASES: &[Case] = &[
    Case {
        operation: "create_entity",
        free: &[
            r#"{"entity_type": "component", "name": "Mount", "hand_authored": true, "project": "lynx",
                "relationships": [{"relationship_type": "interfaces_with", "target_id": "@cell"}]}"#,
        ],
        deciding: &[
            r#"{"entity_type": "risk", "name": "Sag", "hand_authored": true, "status": "active"}"#,
        ],
        command: &[],
    },
    Case {
        operation: "update_entity",
        free: &[r#"{"entity_id": "@cell", "description": "Holds the mirror."}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "promote_entity",
        free: &[],
        deciding: &[r#"{"entity_id": "@plate", "note": "seen"}"#],
        command: &["promote", "@plate"],
    },
    Case {
        operation: "reject_entity",
        free: &[],
        deciding: &[r#"{"entity_id": "@plate"}"#],
        command: &["reject", "@plate"],
    },
    Case {
        operation: "supersede_entity",
        free: &[r#"{"entity_id": "@ring", "superseded_by": "@cell"}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "invalidate_entity",
        free: &[r#"{"entity_id": "@ring", "note": "never built"}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "merge_entities",
        free: &[
            r#"{"entity_id": "@ring", "into": "@cell"}"#,
            r#"{"entity_id": "@plate", "into": "@cell"}"#,
        ],
        deciding: &[],
        command: &["merge", "@ring", "@cell"],
    },
    Case {
        operation: "merge_memories",
        free: &[r#"{"memory_id": "@silver", "into": "@glass"}"#],
        deciding: &[],
        command: &["merge", "@silver", "@glass"],
    },
    Case {
        operation: "create_relationship",
        free: &[
            r#"{"relationship_type": "interfaces_with", "source_id": "@cell", "target_id": "@ring"}"#,
            r#"{"relationship_type": "part_of", "source_id": "@ring", "target_id": "@cell", "end": true}"#,
        ],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "review_link",
        free: &[],
        deciding: &[r#"{"relationship_ids": ["@joint"]}"#],
        command: &[],
    },
    Case {
        operation: "create_memory",
        free: &[r#"{"memory_type": "project", "content": "The dome leaks.", "project": "lynx"}"#],
        deciding: &[
            r#"{"memory_type": "project", "content": "The dome leaks.", "status": "active"}"#,
        ],
        command: &[],
    },
    Case {
        operation: "review_memory",
        free: &[
            r#"{"memory_id": "@glass", "action": "supersede"}"#,
            r#"{"memory_id": "@glass", "action": "invalidate", "note": "misheard"}"#,
        ],
        deciding: &[
            r#"{"memory_id": "@heard", "action": "promote"}"#,
            r#"{"memory_id": "@heard", "action": "reject"}"#,
        ],
        command: &["promote", "@heard"],
    },
    Case {
        operation: "graduate_memory",
        free: &[r#"{"memory_id": "@glass", "entity_type": "material", "name": "Zerodur"}"#],
        deciding: &[
            r#"{"memory_id": "@glass", "entity_type": "material", "name": "Zerodur", "promote": true}"#,
        ],
        command: &[],
    },
    Case {
        operation: "update_memory",
        free: &[r#"{"memory_id": "@glass", "content": "The mirror is made of Zerodur."}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "create_batch",
        free: &[
            r#"{"entities": [{"key": "a", "entity_type": "component", "name": "Cover", "hand_authored": true}],
                "relationships": [{"relationship_type": "part_of", "source_id": "a", "target_id": "@cell"}],
                "memories": [{"memory_type": "project", "content": "The cover is new."}]}"#,
        ],
        deciding: &[
            r#"{"entities": [{"entity_type": "risk", "name": "Sag", "hand_authored": true, "status": "active"}]}"#,
            r#"{"memories": [{"memory_type": "project", "content": "It sags.", "status": "active"}]}"#,
        ],
        command: &[],
    },
    Case {
        operation: "resolve_conflict",
        free: &[],
        deciding: &[
            r#"{"conflict_id": "@conflict", "resolution": "supersede_others", "winner_id": "@silver"}"#,
            r#"{"conflict_id": "@conflict", "resolution": "dismiss", "note": "two mirrors"}"#,
            r#"{"conflict_id": "@conflict", "resolution": "keep_all", "note": "open"}"#,
        ],
        command: &["resolve", "@conflict", "--resolution=dismiss", "--note=two mirrors"],
    },
    Case {
        operation: "register_project",
        free: &[r#"{"name": "lynx", "aliases": ["lynx-2"]}"#, r#"{"name": "puma"}"#],
        deciding: &[],
        command: &["project", "alias", "lynx", "lynx-2"],
    },
    Case {
        operation: "rename_project",
        free: &[],
        deciding: &[r#"{"name": "lynx", "new_name": "bobcat"}"#],
        command: &["project", "rename", "lynx", "bobcat"],
    },
    Case {
        operation: "merge_projects",
        free: &[],
        deciding: &[r#"{"name": "fox", "into": "lynx"}"#],
        command: &["project", "merge", "fox", "lynx"],
    },
    Case {
        operation: "remove_project_alias",
        free: &[],
        deciding: &[r#"{"name": "lynx", "alias": "lynx-1"}"#],
        command: &["project", "unalias", "lynx", "lynx-1"],
    },
    Case {
        operation: "set_project_state",
        free: &[],
        deciding: &[
            r#"{"project": "lynx", "category": "status", "key": "phase", "value": "design"}"#,
            r#"{"project": "lynx", "category": "status", "key": "site", "end": true}"#,
        ],
        command: &[],
    },
    Case {
        operation: "record_interaction",
        free: &[r#"{"prompt": "Which glass?", "response": "The mirror is Zerodur."}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "record_handoff",
        free: &[r#"{"next_steps": ["Clean the mirror."], "rows": ["@glass"]}"#],
        deciding: &[],
        command: &[],
    },
    Case {
        operation: "accept_handoff",
        free: &[r#"{"interaction_id": "@left"}"#],
        deciding: &[],
        command: &["handoff", "accept", "@left"],
    },
    Case {
        operation: "create_baseline",
        free: &[r#"{"name": "PDR"}"#],
        deciding: &[],
        command: &["baseline", "create", "PDR"],
    },
    Case {
        operation: "ingest_source",
        free: &[r#"{"path": "notes.md", "project": "lynx"}"#, r#"{"path": "more"}"#],
        deciding: &[],
        command: &["ingest", "documents/notes.md", "documents/more"],
    },
    Case {
        operation: "redact",
        free: &[],
        deciding: &[
            r#"{"entity_id": "@plate", "note": "asked for"}"#,
            r#"{"memory_id": "@glass", "note": "asked for"}"#,
            r#"{"relationship_id": "@joint", "note": "asked for"}"#,
            r#"{"state_id": "@site", "note": "asked for"}"#,
            r#"{"interaction_id": "@talk", "note": "asked for"}"#,
        ],
        command: &["redact", "entity", "@plate", "--note=asked for"],
    },
    Case {
        operation: "undo",
        free: &[r#"{"operation": "@hearing", "note": "misheard"}"#],
        // That of "@coating", a single active memory, is proposed instead.
        deciding: &[r#"{"operation": "@siting"}"#],
        command: &["undo", "@coating"],
    },
    Case {
        operation: "undo_since",
        free: &[r#"{"since": "@siting", "client": "story"}"#],
        deciding: &[r#"{"since": "@coating", "by": "story"}"#],
        command: &["undo", "--since", "@siting", "--client", "story", "--yes"],
    },
    Case {
        operation: "review_candidates",
        free: &[],
        deciding: &[
            r#"{"decisions": [{"id": "@plate", "action": "promote"}, {"id": "@heard", "action": "reject"}]}"#,
            r#"{"decisions": [{"id": "@heard", "action": "promote"}], "atomic": true}"#,
        ],
        command: &[],
    },
    Case {
        operation: "promote",
        free: &[],
        deciding: &[r#"{"id": "@plate"}"#, r#"{"id": "@heard"}"#],
        command: &["promote", "@heard"],
    },
    Case {
        operation: "reject",
        free: &[],
        deciding: &[r#"{"id": "@plate"}"#, r#"{"id": "@heard"}"#],
        command: &["reject", "@heard"],
    },
];

/// The prepared store: its file, and the handles of its rows by their names.
struct Prepared {
    file: Vec<u8>,
    handles: BTreeMap<&'static str, String>,
}

fn prepared() -> &'static Prepared {
    static PREPARED: OnceLock<Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let place = with_documents();
        let mut session = serve(&place, &["--tools", "all"]);
        let handles = fill(&mut session);
        session.end();
        Prepared { file: fs::read(place.db()).expect("a store"), handles }
    })
}

/// Fills the store; gives the handles of its rows.
fn fill(session: &mut Session) -> BTreeMap<&'static str, String> {
    let mut handles = BTreeMap::new();
    let mut keep = |name, handle: &Value| {
        handles.insert(name, handle.as_str().expect("a handle").to_owned());
        handle.clone()
    };
    for name in ["lynx", "fox"] {
        let aliases = [format!("{name}-1")];
        session.ok("register_project", json!({ "name": name, "aliases": aliases }));
    }
    let mut entity = |name: &str, status: &str| {
        let new = json!({ "entity_type": "component", "name": name, "project": "lynx",
            "hand_authored": true, "status": status });
        session.ok("create_entity", new)["entity"]["entity_id"].clone()
    };
    let cell = keep("cell", &entity("Cell", "active"));
    let ring = keep("ring", &entity("Ring", "active"));
    keep("plate", &entity("Plate", "candidate"));
    let link = json!({ "relationship_type": "part_of", "source_id": ring, "target_id": cell });
    let joint = session.ok("create_relationship", link);
    keep("joint", &joint["relationship"]["relationship_id"]);
    session.ok("update_entity", json!({ "entity_id": cell, "description": "Cast iron." }));
    let mut memory = |content: &str, more: Value| {
        let mut new = json!({ "memory_type": "project", "content": content, "project": "lynx" });
        let fields = new.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        session.ok("create_memory", new)
    };
    let glass = memory("The mirror is Zerodur.", json!({ "status": "active" }));
    keep("glass", &glass["memory"]["memory_id"]);
    let heard = memory("The dome is new.", json!({}));
    keep("heard", &heard["memory"]["memory_id"]);
    keep("hearing", &heard["operation"]);
    let coated = json!({ "status": "active", "subject": "coating" });
    keep("silver", &memory("The coating is silver.", coated.clone())["memory"]["memory_id"]);
    let second = memory("The coating is aluminium.", coated);
    keep("coating", &second["operation"]);
    keep("conflict", &second["conflicts"][0]["conflict_id"]);
    let site =
        json!({ "project": "lynx", "category": "status", "key": "site", "value": "Gornergrat" });
    let site = session.ok("set_project_state", site);
    keep("siting", &site["operation"]);
    keep("site", &site["project_state"]["project_state_id"]);
    let talk = session.ok("record_interaction", json!({ "prompt": "Which site?" }));
    keep("talk", &talk["interaction_id"]);
    let left = session.ok("record_handoff", json!({ "next_steps": ["Ask about the site."] }));
    keep("left", &left["interaction_id"]);
    handles
}

/// A folder with documents.
fn with_documents() -> Place {
    let place = Place::new();
    let documents = place.folder.path().join("documents");
    fs::create_dir_all(documents.join("more")).expect("a folder");
    fs::write(documents.join("notes.md"), "# Notes\n\nThe dome leaks.\n").expect("a document");
    fs::write(documents.join("more/a.md"), "# A\n\nThe mirror sags.\n").expect("a document");
    place
}

/// A copy of the prepared store, with documents next to it.
pub fn copy() -> Place {
    let place = with_documents();
    fs::write(place.db(), &prepared().file).expect("a store");
    place
}

/// A server with the true clock and ids, so that a second run of a call would show.
pub fn serve(place: &Place, arguments: &[&str]) -> Session {
    let documents = place.folder.path().join("documents");
    let mut command = program(&place.db(), 0);
    command.env_remove("ATOCORE_TEST_SEED").env("ATOCORE_ROOTS", documents);
    Session::start(command.arg("serve").args(arguments))
}

/// A text of a case with the handles of the prepared store.
pub fn with_handles(text: &str) -> String {
    let fill =
        |text: String, (name, handle): (&&str, &String)| text.replace(&format!("@{name}"), handle);
    prepared().handles.iter().fold(text.to_owned(), fill)
}

/// The arguments of a case.
pub fn arguments(text: &str) -> Map<String, Value> {
    serde_json::from_str(&with_handles(text)).expect("arguments")
}
