//! Files of the reference memory server: whatever they hold, nothing of it is lost.

use std::fs;

use atocore::model::text::{collapse_spaces, is_blank};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::Place;

/// What the store holds after an import.
struct Kept {
    texts: Vec<String>,
    names: Vec<String>,
    links: Vec<(String, String, String)>,
}

fn import(place: &Place, seed: u64, file: &str) {
    let output = place.run(seed, &["import", "--from", "server-memory", file]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

fn kept(place: &Place) -> Kept {
    let file = place.sql();
    let (mut texts, mut names, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let rows = |sql: &str| {
        let mut statement = file.prepare(sql).expect("SQL");
        let read =
            |row: &rusqlite::Row<'_>| Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?]);
        let rows = statement.query_map([], read).expect("rows");
        rows.collect::<Result<Vec<_>, _>>().expect("texts")
    };
    for [name, description, properties] in
        rows("SELECT name, description, properties FROM entities")
    {
        let properties: Value = serde_json::from_str(&properties).expect("JSON");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let original = text(&properties["original_name"]).unwrap_or_else(|| name.clone());
        for link in properties["unmapped_relations"].as_array().into_iter().flatten() {
            let end = |key: &str| text(&link[key]).unwrap_or_else(|| original.clone());
            links.push((end("from"), end("relation_type"), end("to")));
        }
        names.push(original);
        texts.push(description);
    }
    links.extend(
        rows(
            "SELECT coalesce(s.properties ->> 'original_name', s.name), relationship_type, \
             coalesce(t.properties ->> 'original_name', t.name) FROM relationships r \
             JOIN entities s ON s.id = source_entity_id JOIN entities t ON t.id = target_entity_id",
        )
        .into_iter()
        .map(|[from, kind, to]| (from, kind, to)),
    );
    texts.extend(rows("SELECT content, '', '' FROM memories").into_iter().map(|[text, ..]| text));
    Kept { texts, names, links }
}

impl Kept {
    fn has_text(&self, text: &str) -> bool {
        self.texts.iter().any(|kept| kept.contains(text))
    }

    fn has_link(&self, from: &str, kind: &str, to: &str) -> bool {
        // An end is also found in another case.
        let same = |a: &str, b: &str| {
            collapse_spaces(a).to_lowercase() == collapse_spaces(b).to_lowercase()
        };
        let found = self.links.iter().any(|(a, b, c)| same(a, from) && b == kind && same(c, to));
        found || self.has_text(&format!("\"{from}\" {kind} \"{to}\""))
    }
}

/// An observation as it may be: any text, an object, or one that is too long for a row.
fn observation() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        2 => "[ a-zA-Z\\\\\"\n\t]{0,40}",
        1 => ("[a-z ]{1,9}", 3_000..9_000_usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[AaBb]{1,2}", 1 => any::<String>(), 1 => "[ AB]{1,3}"]
}

/// Imports a memory file of these rows, and gives the report.
fn report(place: &Place, rows: &[Value]) -> Value {
    fs::write(place.folder.path().join("memory.json"), json!(rows).to_string()).expect("a file");
    let output = place.run(2, &["import", "--json", "--from", "server-memory", "memory.json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn an_entity_with_more_relations_than_properties_keep_is_stored_with_all_of_them() {
    let place = Place::new();
    let mut rows = vec![json!({ "type": "entity", "name": "Hub", "entityType": "component" })];
    rows.extend((0..700).map(|at| {
        json!({ "type": "relation", "from": "Hub", "to": at.to_string(), "relationType": "k" })
    }));
    let report = report(&place, &rows);
    assert_eq!(report["refused"], json!([]), "{report}");
    let relations = report["notes"]
        .as_array()
        .and_then(|all| all.iter().find(|note| note["about"] == "relations"));
    assert_eq!(relations.expect("their counts")["counts"]["kept as they are"], 700);
    let kept = kept(&place);
    assert!((0..700).all(|at| kept.has_link("Hub", "k", &at.to_string())));
    // As many as the limit of 1,000 keys allows are properties, the others memories.
    assert_eq!(report["created"], json!({ "entity": 1, "memory": 201 }));
    place.verify();
}

#[test]
fn a_relation_of_a_refused_entity_is_refused_even_if_its_name_is_an_id() {
    let place = Place::new();
    let before = json!({ "type": "entity", "entity_type": "component", "name": "Other",
        "hand_authored": true });
    fs::write(place.folder.path().join("before.jsonl"), before.to_string()).expect("a file");
    assert!(place.run(1, &["import", "before.jsonl"]).status.success());
    let handle: String =
        place.sql().query_row("SELECT handle FROM entities", [], |row| row.get(0)).expect("a row");
    let secret = "export AWS_SECRET_ACCESS_KEY=vK8s2pQz7LmW4xTnR9bHvK8s2pQz7LmW4xTn";
    let rows = [
        json!({ "type": "relation", "from": handle, "to": "Cell", "relationType": "part_of" }),
        json!({ "type": "entity", "name": handle, "entityType": "component",
            "observations": [], "original": secret }),
        json!({ "type": "entity", "name": "Cell", "entityType": "component" }),
    ];
    let report = report(&place, &rows);
    assert_eq!(report["created"], json!({ "entity": 1 }), "{report}");
    assert_eq!(report["refused"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(report["refused"][1]["reason"], format!("key: the row {handle:?} was refused"));
    assert_eq!(place.count("SELECT count(*) FROM relationships"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_any_graph_is_lost_and_the_second_import_adds_nothing(
        entities in prop::collection::vec((name(), prop::collection::vec(observation(), 0..6)), 0..8),
        relations in prop::collection::vec((name(), "(depends_on|part of|knows|supersedes)", name()), 0..8),
        whole in any::<bool>(),
    ) {
        let entity = |(name, observations): &(String, Vec<String>)| {
            json!({"type": "entity", "name": name, "entityType": "component", "observations": observations})
        };
        let relation = |(from, kind, to): &(String, String, String)| {
            json!({"type": "relation", "from": from, "to": to, "relationType": kind})
        };
        let listed: Vec<_> = entities.iter().filter(|(name, observations)| {
            !is_blank(name) || !observations.is_empty()
        }).collect();
        let rows: Vec<Value> =
            listed.iter().map(|row| entity(row)).chain(relations.iter().map(relation)).collect();
        let text = if whole {
            json!(rows).to_string()
        } else {
            rows.iter().map(|row| format!("{row}\n")).collect()
        };
        let place = Place::new();
        fs::write(place.folder.path().join("memory.jsonl"), text).expect("a file");
        import(&place, 1, "memory.jsonl");
        let kept = kept(&place);
        for (name, observations) in listed {
            let known = kept.names.iter().any(|kept| collapse_spaces(kept) == collapse_spaces(name));
            prop_assert!(known, "{name:?} is lost of {:?}", kept.names);
            for observation in observations.iter().filter(|text| !is_blank(text)) {
                let text = observation.trim();
                let chars: Vec<char> = text.chars().collect();
                // What is longer than a row stands in parts.
                let parts = if chars.len() > 30_000 { 1_000 } else { usize::MAX };
                for part in [&chars[..parts.min(chars.len())], &chars[chars.len().saturating_sub(parts)..]] {
                    let part: String = part.iter().collect();
                    prop_assert!(kept.has_text(part.trim()), "{part:?} is lost");
                }
            }
        }
        for (from, kind, to) in &relations {
            let snake = kind.replace(' ', "_");
            let kept = kept.has_link(from, kind, to) || kept.has_link(from, &snake, to);
            prop_assert!(kept, "{from:?} {kind} {to:?} is lost");
        }
        let before = place.count("SELECT count(*) FROM memory_audit");
        import(&place, 2, "memory.jsonl");
        prop_assert_eq!(place.count("SELECT count(*) FROM memory_audit"), before);
        place.verify();
    }
}
