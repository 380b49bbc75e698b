//! What somebody looks for: any text is a valid search, a valid question for context, and a name.

use atocore::model::Error;
use atocore::ops::record::validate::MAX_TEXT;
use serde_json::{Map, Value, json};

use super::world;

/// Characters of a query that is answered.
const TOOLS: [&str; 2] = ["search", "build_context"];

pub fn run(data: &[u8]) {
    let (choice, text) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(text);
    world::with(|world| {
        for name in TOOLS {
            let arguments = arguments(name, *choice, &text);
            match world.call(&world.db, world.tool(name), arguments) {
                Ok(_) => {}
                Err(Error::TooMuch { .. }) if text.chars().count() > MAX_TEXT => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
        let named = Map::from_iter([("name".to_owned(), json!(text))]);
        let _ = world.call(&world.db, world.tool("get_entity"), named);
    });
}

fn arguments(tool: &str, choice: u8, text: &str) -> Map<String, Value> {
    let mut arguments = Map::from_iter([("query".to_owned(), json!(text))]);
    if choice & 1 != 0 {
        arguments.insert("project".to_owned(), json!("lynx"));
    }
    if tool == "search" {
        arguments.insert("include_inactive".to_owned(), json!(choice & 2 != 0));
        arguments.insert("limit".to_owned(), json!(1 + choice % 8));
        if choice & 4 != 0 {
            arguments.insert("detail".to_owned(), json!("full"));
        }
    } else {
        arguments.insert("budget".to_owned(), json!(200 + usize::from(choice) * 20));
    }
    arguments
}
