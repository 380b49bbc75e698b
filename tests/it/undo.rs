//! The undo of operations: rows become again what they were, and nothing that came later is lost.

mod allowed;
mod refused;
mod since;

use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::support::{Place, Session};

/// Every row of the audited tables, without the columns that each change touches.
fn rows(place: &Place) -> Vec<String> {
    let counters = ["version", "updated_at", "resolved_at"];
    let tables =
        ["entities", "memories", "relationships", "project_state", "projects", "revisions"];
    let file = place.sql();
    let mut all = Vec::new();
    for table in tables {
        let mut statement =
            file.prepare(&format!("SELECT * FROM {table} ORDER BY id")).expect(table);
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect(table);
        while let Some(row) = rows.next().expect("a row") {
            let kept = names.iter().filter(|name| !counters.contains(&name.as_str()));
            let cells = kept
                .map(|name| format!("{name} {:?}", row.get::<_, Cell>(name.as_str()).expect(name)));
            all.push(format!("{table}: {}", cells.collect::<Vec<_>>().join(", ")));
        }
    }
    all
}

/// Opens a place and a session with all tools.
fn start() -> (Place, Session) {
    let place = Place::new();
    let session = place.serve(1, &["--tools", "all"]);
    (place, session)
}

fn entity(session: &mut Session, name: &str, more: Value) -> Value {
    let mut new = json!({ "entity_type": "component", "name": name, "project": "lynx",
                          "hand_authored": true, "status": "active" });
    let fields = new.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    session.ok("create_entity", new)
}

fn memory(session: &mut Session, content: &str, more: Value) -> Value {
    let mut new = json!({ "memory_type": "project", "content": content, "project": "lynx",
                          "status": "active" });
    let fields = new.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    session.ok("create_memory", new)
}

fn undo(session: &mut Session, done: &Value) -> Value {
    let undone = session.ok("undo", json!({ "operation": done["operation"] }));
    assert_eq!(undone["changed"], true, "{undone}");
    assert_eq!(undone["undone"], done["operation"], "{undone}");
    undone
}

/// Undoes what must not be undone; gives the message of the error.
fn refused(session: &mut Session, done: &Value) -> String {
    let error = session.error("undo", json!({ "operation": done["operation"] }));
    assert_eq!(error["code"], "refused", "{error}");
    error["message"].as_str().expect("a text").to_owned()
}

/// Ends the session; the audit verifies and the doctor finds nothing.
fn end(place: &Place, session: Session) {
    session.end();
    place.verify();
    let doctor = place.run(98, &["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}
