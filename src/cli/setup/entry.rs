//! Our entry in the configuration of a client: the program with its arguments, in each client's form.

use serde_json::{Value, json};

/// The name of the entry.
pub const ENTRY: &str = "atocore";

/// The program that a client starts, with its arguments.
pub struct Launch {
    pub program: String,
    pub arguments: Vec<String>,
}

pub fn shape_plain(launch: &Launch) -> Value {
    json!({ "command": launch.program, "args": launch.arguments })
}

pub fn shape_stdio(launch: &Launch) -> Value {
    json!({ "type": "stdio", "command": launch.program, "args": launch.arguments })
}

pub fn shape_copilot(launch: &Launch) -> Value {
    json!({ "type": "local", "command": launch.program, "args": launch.arguments, "tools": ["*"] })
}

pub fn shape_zed(launch: &Launch) -> Value {
    json!({ "source": "custom", "command": launch.program, "args": launch.arguments, "env": {} })
}

pub fn shape_opencode(launch: &Launch) -> Value {
    let command: Vec<_> = [&launch.program].into_iter().chain(&launch.arguments).collect();
    json!({ "type": "local", "command": command, "enabled": true })
}

pub fn shape_goose(launch: &Launch) -> Value {
    json!({
        "type": "stdio", "name": ENTRY, "description": "Project knowledge", "enabled": true,
        "cmd": launch.program, "args": launch.arguments, "envs": {}, "timeout": 300,
    })
}

pub fn shape_continue(launch: &Launch) -> Value {
    json!({ "name": ENTRY, "command": launch.program, "args": launch.arguments })
}

/// Returns the new entry with the fields that the user added to the old one. An old entry that starts no
/// program, such as the address of a server, is replaced.
pub fn merge_entry(old: Option<&Value>, new: &Value) -> Value {
    let (Some(Value::Object(old)), Value::Object(new)) = (old, new) else { return new.clone() };
    if !["command", "cmd"].iter().any(|field| old.contains_key(*field)) {
        return Value::Object(new.clone());
    }
    let mut merged = old.clone();
    for (field, value) in new {
        let is_launch = ["command", "cmd", "args"].contains(&field.as_str());
        if is_launch || !merged.contains_key(field) {
            merged.insert(field.clone(), value.clone());
        }
    }
    Value::Object(merged)
}

/// Returns the program of an entry and its arguments.
pub fn read_command(entry: &Value) -> Vec<String> {
    let fields = ["command", "cmd", "args"].into_iter().filter_map(|field| entry.get(field));
    let words = fields.flat_map(|value| match value {
        Value::Array(words) => words.as_slice(),
        word => std::slice::from_ref(word),
    });
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}
