//! Prompts, the completion of their arguments and of those of templates, in both eras.

use serde_json::{Value, json};

use crate::resources::{BOTH, Client, all, id, telescope};
use crate::support::Place;

fn template(what: &str) -> Value {
    json!({ "type": "ref/resource", "uri": format!("atocore://{what}") })
}

fn prompt(name: &str) -> Value {
    json!({ "type": "ref/prompt", "name": name })
}

const OVERVIEW: &str = "project/{name}/overview";

#[test]
fn names_of_projects_are_completed_by_beginning_then_by_alias_then_by_likeness() {
    let place = Place::new();
    telescope(&place);
    let mut setup = Client::start(&place, false, &["--tools", "all"]);
    for name in ["lyra", "big-mirror", "antenna"] {
        setup.tool("register_project", json!({ "name": name }));
    }
    setup.tool(
        "create_memory",
        json!({ "memory_type": "project", "content": "x", "project": "lyre" }),
    );
    setup.session.end();
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        for (begun, names) in [
            ("", vec!["antenna", "big-mirror", "lynx", "lyra"]),
            ("LY", vec!["lynx", "lyra"]),
            ("lyr", vec!["lyra", "lynx"]),
            ("big", vec!["big-mirror", "lynx"]),
            ("big s", vec!["lynx"]),
            ("antena", vec!["antenna"]),
            ("qqq", vec![]),
        ] {
            for (reference, argument) in
                [(template(OVERVIEW), "name"), (prompt("resolve-conflicts"), "project")]
            {
                let found = client.completed(&reference, argument, begun);
                let expected = json!({ "values": names, "total": names.len(), "hasMore": false });
                assert_eq!(found, expected, "{begun:?}");
            }
        }
    }
}

#[test]
fn ids_are_completed_by_their_beginning_and_by_what_the_row_is_known_by() {
    let place = Place::new();
    let made = telescope(&place);
    let mut client = Client::start(&place, true, &[]);
    let uuid = place.id_of(&made.mirror);
    for (begun, expected) in [
        (made.mirror.as_str(), vec![&made.mirror]),
        (&made.mirror[..4], vec![&made.mirror]),
        (&uuid, vec![&uuid]),
        ("Mirr", vec![&made.mirror]),
        (" mirror ", vec![&made.mirror]),
        ("irror", vec![]),
        ("100%_", vec![]),
    ] {
        let found = client.completed(&template("entity/{id}"), "id", begun);
        assert_eq!(found, json!({ "values": expected, "total": expected.len(), "hasMore": false }));
    }
    assert_eq!(client.completed(&template("entity/{id}"), "id", "gap")["total"], 2);
    for begun in [&made.memory, "polished in m", "Polished in May."] {
        let found = client.completed(&template("memory/{id}"), "id", begun);
        assert_eq!(found["values"], json!([made.memory]), "{begun}");
    }
    // The id of another kind, and more than any name holds.
    for begun in [&made.mirror, &"x".repeat(501)] {
        let found = client.completed(&template("memory/{id}"), "id", begun);
        assert_eq!(found, json!({ "values": [], "total": 0, "hasMore": false }));
    }
    let topic = client.completed(&prompt("capture-decision"), "topic", "coat");
    assert_eq!(topic["values"], json!([]));
}

#[test]
fn at_most_100_values_are_given_and_all_are_counted() {
    let place = Place::new();
    let mut client = Client::start(&place, false, &[]);
    let entity =
        |name: String| json!({ "entity_type": "risk", "name": name, "hand_authored": true });
    let rows: Vec<Value> = (0..150).map(|i| entity(format!("Crack {i:03}"))).collect();
    let made = client.tool("create_batch", json!({ "entities": rows }));
    let first = made["entities"][0]["entity_id"].as_str().expect("an id").to_owned();
    // A name that begins like an id or a handle is not counted twice.
    let uuid = place.id_of(&first);
    let both = &client.tool("create_entity", entity(uuid[..8].to_owned()));
    let both = id(both, "entity");
    let sql = "UPDATE entities SET name = handle WHERE handle = ?1";
    place.sql().execute(sql, [&both]).expect("a name like the handle");
    for (begun, total, shown) in [
        ("", 151, &first),
        ("crack", 150, &first),
        ("Crack 00", 10, &first),
        (&uuid[..8], 151, &uuid),
        (&both, 1, &both),
    ] {
        let found = client.completed(&template("entity/{id}"), "id", begun);
        let values = found["values"].as_array().expect("values");
        assert_eq!((&found["total"], values.len()), (&json!(total), total.min(100)), "{begun}");
        assert_eq!(found["hasMore"], total > 100);
        assert!(values[0] == shown.as_str() && !values[1..].contains(&values[0]), "{begun}");
    }
    let found = client.completed(&template("entity/{id}"), "id", &both);
    assert_eq!(found["values"], json!([both]));
}

#[test]
fn what_cannot_be_completed_is_an_error_that_says_what_can() {
    let place = Place::new();
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        for (reference, argument, words) in [
            (template("project"), "name", "Templates: atocore://project/{name}/overview, "),
            (template("projects"), "name", "there is no template"),
            (template(OVERVIEW), "id", "has no \"id\""),
            (prompt("no-such"), "project", "Prompts: review-candidates, resolve-conflicts, "),
            (prompt("review-candidates"), "topic", "Arguments: project."),
            (json!({ "type": "ref/other", "name": "x" }), "project", "could not be read"),
        ] {
            let argument = json!({ "name": argument, "value": "" });
            let params = json!({ "ref": reference, "argument": argument });
            let (code, message) = client.refused("completion/complete", params);
            assert!(code == -32602 && message.contains(words), "{message}");
        }
    }
}

#[test]
fn each_prompt_holds_its_steps_and_what_is_stored_as_quoted_lines() {
    let place = Place::new();
    telescope(&place);
    let conflict = "> conflict ";
    let candidate = "\"Dust {conflicts}\" (candidate, version 1)";
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        let listed = client.result("prompts/list", json!({}));
        for (name, tool, data) in [
            (
                "review-candidates",
                "review_candidates",
                vec![candidate, "\"Polished in May.\"", "> 2 of 2"],
            ),
            ("resolve-conflicts", "resolve_conflict", vec![conflict, "suggested", "> 1 of 1"]),
            ("capture-decision", "based_on_assumption", vec![conflict, "> no topic was given"]),
            ("what-am-i-forgetting", "query_project", vec![conflict, candidate]),
            ("graduate-memories", "graduate_memory", vec!["> 0 of 0"]),
            ("onboard-project", "create_batch", vec!["> # Project lynx\n"]),
        ] {
            let shown = listed["prompts"].as_array().expect("prompts");
            let about = shown.iter().find(|prompt| prompt["name"] == name).expect("the prompt");
            assert_eq!(about["arguments"][0]["required"], true, "{about}");
            for project in ["lynx", " LYNX ", "Big Scope"] {
                let text = client.prompt(name, json!({ "project": project }));
                assert!(text.contains("roject \"lynx\"") && text.contains(tool), "{text}");
                for words in &data {
                    assert!(text.contains(words), "{name} without {words}: {text}");
                }
                assert_eq!(text.matches("> 1 of 1").count(), usize::from(data.contains(&conflict)));
                assert!(!text.contains("{project}") && !text.contains("{candidates}"), "{text}");
            }
        }
        assert_eq!(all(&listed, "prompts", "name").len(), 6);
    }
}

#[test]
fn memories_that_may_state_a_fact_stand_beside_the_entities_they_may_be_about() {
    let place = Place::new();
    let made = telescope(&place);
    let weight = json!({ "memory_type": "knowledge", "content": "The mirror weighs 12 kg.",
                         "status": "active", "project": "lynx" });
    let memory = Client::start(&place, false, &[]).tool("create_memory", weight);
    let memory = memory["memory"]["memory_id"].as_str().expect("an id");
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &["--project", "lynx"]);
        let text = client.prompt("graduate-memories", json!({}));
        let shown =
            format!("> memory {memory} knowledge \"The mirror weighs 12 kg.\"\n>   similar: ");
        assert!(text.contains(&shown) && text.contains(&made.mirror), "{text}");
        assert!(text.contains("> 1 of 1") && !text.contains("Polished in May"), "{text}");
    }
}

#[test]
fn a_decision_is_captured_beside_those_that_look_like_it() {
    let place = Place::new();
    telescope(&place);
    let mut client = Client::start(&place, false, &["--project", "lynx"]);
    let text = client.prompt("capture-decision", json!({ "topic": "coating\nof {project}" }));
    assert!(text.contains("with me: \"coating of {project}\"\n"), "{text}");
    assert!(text.contains(" \"Silver coating\""), "{text}");
    let listed = client.result("prompts/list", json!({}));
    let arguments = &listed["prompts"][2]["arguments"];
    assert_eq!(
        (&arguments[0]["required"], &arguments[1]["required"]),
        (&json!(false), &json!(false))
    );
    for absent in [json!({}), json!({ "project": " " }), json!({ "project": null, "topic": "" })] {
        let text = client.prompt("capture-decision", absent);
        assert!(text.contains("of project \"lynx\"") && text.contains("no topic"), "{text}");
    }
}

#[test]
fn a_project_that_nobody_registered_is_said_to_be_unknown() {
    let place = Place::new();
    telescope(&place);
    let mut client = Client::start(&place, false, &[]);
    let text = client.prompt("onboard-project", json!({ "project": "Lynx 2" }));
    assert!(text.contains("> nothing is stored under this name yet"), "{text}");
    let text = client.prompt("resolve-conflicts", json!({ "project": "linx" }));
    assert!(text.contains("> project \"linx\" is not registered; nearest: \"lynx\""), "{text}");
}

#[test]
fn a_prompt_that_is_asked_for_wrongly_is_an_error_that_says_how() {
    let place = Place::new();
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        for (name, arguments, words) in [
            ("no-such", json!({}), "there is no prompt \"no-such\". Prompts: review-candidates"),
            ("review-candidates", json!({}), "needs one. Name the project"),
            ("review-candidates", json!({ "project": "\u{200b}" }), "needs one"),
            ("review-candidates", json!({ "project": 7 }), "it is not a text"),
            ("review-candidates", json!({ "project": "a", "topic": "b" }), "Arguments: project."),
            ("capture-decision", json!({ "project": "a", "x": "" }), "Arguments: project, topic."),
            (
                "capture-decision",
                json!({ "project": "a", "topic": "x".repeat(501) }),
                "limit is 500",
            ),
        ] {
            let params = json!({ "name": name, "arguments": arguments });
            let (code, message) = client.refused("prompts/get", params);
            assert!(code == -32602 && message.contains(words), "{message}");
        }
    }
}

#[test]
fn parameters_that_cannot_be_read_are_invalid_and_not_an_unknown_method() {
    let place = Place::new();
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        for (method, params) in [
            ("resources/list", json!({ "cursor": 7 })),
            ("resources/templates/list", json!({ "cursor": [] })),
            ("prompts/list", json!({ "cursor": {} })),
            ("tools/list", json!({ "cursor": 7 })),
            ("resources/read", json!({})),
            ("resources/read", json!({ "uri": 7 })),
            ("prompts/get", json!({ "arguments": {} })),
            ("prompts/get", json!({ "name": "review-candidates", "arguments": "lynx" })),
            ("completion/complete", json!({ "ref": prompt("review-candidates") })),
            ("completion/complete", json!({ "argument": { "name": "project", "value": "" } })),
        ] {
            let (code, message) = client.refused(method, params);
            assert!(code == -32602 && message.contains("parameters"), "{code} {message}");
        }
    }
}

#[test]
fn a_prompt_names_what_its_server_does_not_let_an_agent_do() {
    let place = Place::new();
    telescope(&place);
    for modern in BOTH {
        let lynx = json!({ "project": "lynx" });
        let mut client = Client::start(&place, modern, &["--promotion", "human"]);
        let text = client.prompt("review-candidates", lynx.clone());
        assert!(text.contains("\n\nOn this server only the person promotes"), "{text}");
        let mut client = Client::start(&place, modern, &["--read-only"]);
        let listed = client.result("prompts/list", json!({}));
        assert_eq!(
            all(&listed, "prompts", "name"),
            ["review-candidates", "resolve-conflicts", "what-am-i-forgetting"]
        );
        let text = client.prompt("resolve-conflicts", lynx.clone());
        assert!(
            text.contains("\n\nThis server is read-only: it has no tool that writes."),
            "{text}"
        );
        let params = json!({ "name": "onboard-project", "arguments": lynx });
        let (code, message) = client.refused("prompts/get", params);
        assert!(code == -32602 && message.contains("what-am-i-forgetting."), "{message}");
        let params = json!({ "ref": prompt("onboard-project"), "argument": { "name": "project", "value": "" } });
        assert_eq!(client.refused("completion/complete", params).0, -32602);
    }
}

#[test]
fn an_argument_that_looks_like_a_secret_is_not_repeated() {
    let place = Place::new();
    let token = "ghp_k3VbX8qLm2TzR7wY5nJ4cH9dF6gS1aP0eUiO";
    let mut session = place.serve(1, &[]);
    for (name, arguments) in [
        ("review-candidates", json!({ "project": token })),
        ("onboard-project", json!({ "project": token })),
        ("capture-decision", json!({ "project": "lynx", "topic": token })),
        ("review-candidates", json!({ "project": "lynx", (token): "x" })),
        (token, json!({})),
    ] {
        let answer =
            session.request("prompts/get", json!({ "name": name, "arguments": arguments }));
        assert!(!answer.to_string().contains(token), "{answer}");
        assert!(answer.to_string().contains("[a GitHub token]"), "{answer}");
    }
}
