//! What the views of the page show.

use serde_json::{Value, json};

use super::text_at;
use crate::support::Place;
use crate::web_support::WebServer;

/// Stores active entities of a project, each with a type, a name and properties.
fn store_entities(server: &WebServer, project: &str, entities: &[(&str, String, Value)]) {
    for part in entities.chunks(100) {
        let rows = part.iter().map(|(entity_type, name, properties)| {
            json!({ "entity_type": entity_type, "name": name, "properties": properties,
                    "hand_authored": true, "status": "active" })
        });
        let body = json!({ "project": project, "entities": rows.collect::<Vec<_>>() });
        let answer = server.post("/v1/batch", &[], &body.to_string());
        assert!(answer.status < 300, "{answer:?}");
    }
}

#[test]
fn the_filter_of_the_matrix_finds_requirements_of_all_pages() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    let requirement = |number| ("requirement", format!("R-{number:03}"), json!({}));
    store_entities(&server, "p1", &(2..249).map(requirement).collect::<Vec<_>>());
    let named = [
        ("requirement", "R-001"),
        ("requirement", "R-249"),
        ("requirement", "R-250"),
        ("component", "Pump"),
    ];
    let named = named.map(|(entity_type, name)| {
        json!({ "key": name, "entity_type": entity_type, "name": name, "hand_authored": true,
                "status": "active" })
    });
    let links = [("Pump", "satisfies", "R-249"), ("R-250", "refines", "R-001")];
    let links = links.map(|(source, link, target)| {
        json!({ "relationship_type": link, "source_id": source, "target_id": target })
    });
    let body = json!({ "project": "p1", "entities": named, "relationships": links });
    let answer = server.post("/v1/batch", &[], &body.to_string());
    assert!(answer.status < 300, "{answer:?}");

    let all = server.get("/ui/matrix?project=p1", &[]).body;
    assert!(
        all.contains("250 requirements") && all.contains(">R-001<") && !all.contains(">R-249<")
    );
    assert!(all.contains(">Children<") && all.contains(">R-250</a>"), "its child: {all}");
    let satisfied = server.get("/ui/matrix?project=p1&verdict=satisfied", &[]).body;
    assert!(satisfied.contains(">R-249<") && !satisfied.contains(">R-001<"), "{satisfied}");
    let wrong = server.get("/ui/matrix?project=p1&verdict=bogus", &[]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("with_evidence"), "the choices are named: {}", wrong.body);
}

#[test]
fn a_project_names_its_open_conflicts_and_the_inbox_the_choices_of_its_filters() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    let mass = |value: &str| ("parameter", "mass".to_owned(), json!({ "value": value }));
    store_entities(&server, "p1", &[mass("4.2 kg")]);
    store_entities(&server, "p1", &[mass("4.7 kg")]);
    let page = server.get("/ui/project?project=p1", &[]).body;
    let conflicts = server.get("/v1/conflicts?project=p1", &[]).json();
    let conflict = text_at(&conflicts, "/items/0/conflict_id");
    assert!(page.contains(&format!("/ui/row/{conflict}")), "{page}");
    let inbox = server.get("/ui/inbox?project=gone", &[]).body;
    assert!(inbox.contains("<option value=\"p1\">p1</option>"), "{inbox}");
    assert!(inbox.contains("<option value=\"gone\" selected>"), "a filter in use stays: {inbox}");
    assert!(inbox.contains("<option value=\"requirement\">"), "{inbox}");
}

#[test]
fn a_recorded_interaction_has_an_address() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let body = json!({ "prompt": "How heavy is it?", "response": "4.2 kg" }).to_string();
    let answer = server.post("/v1/interactions", &[], &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let read = server.get(answer.header("location"), &[]);
    assert!(read.status == 200 && read.body.contains("How heavy is it?"), "{read:?}");
}
