//! The arguments of every tool: each of the right kind or of a wrong one, in up to four calls, after
//! which the store must be whole.

use arbitrary::{Result, Unstructured};
use atocore::app::operation::RegisteredOperation;
use atocore::ops;
use atocore::store::Db;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::world::{self, World};

/// Texts that mean something somewhere.
const KNOWN: [&str; 40] = [
    "",
    "lynx",
    "p07-lynx",
    "P07 Lynx",
    "inbox",
    "active",
    "candidate",
    "superseded",
    "component",
    "material",
    "decision",
    "requirement",
    "project",
    "knowledge",
    "uses_material",
    "part_of",
    "contains",
    "supersedes",
    "satisfies",
    "promote",
    "reject",
    "supersede",
    "invalidate",
    "history",
    "dismiss",
    "keep_all",
    "supersede_others",
    "system_map",
    "impact_analysis",
    "all_gaps",
    "mass",
    "Mirror cell M6x20",
    "10 mm",
    "1 cm",
    "2026-01-01",
    "doc:spec.md",
    "url:x",
    "\u{202e}",
    "a\0b",
    "AND OR NOT \"",
];
/// Names of properties that mean something.
const PROPERTIES: [&str; 8] =
    ["value", "unit", "decides", "choice", "flagged", "subject", "key", "relationship_type"];

pub fn run(data: &[u8]) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("arguments.db");
    world::with(|world| {
        world.copy(&path);
        let (db, _) = ops::open(world::settings(&path, 1)).expect("the store opens");
        let mut from = Feed { data: Unstructured::new(data), known: world.ids.clone() };
        for _ in 0..4 {
            if from.data.is_empty() || from.call(world, &db).is_err() {
                break;
            }
        }
        world::check_whole(&db);
    });
}

/// Where values come from.
struct Feed<'d> {
    data: Unstructured<'d>,
    /// Ids and cursors of earlier answers.
    known: Vec<String>,
}

impl Feed<'_> {
    fn call(&mut self, world: &World, db: &Db) -> Result<()> {
        let tool: &RegisteredOperation = self.data.choose(&world.tools)?;
        let schema = Value::Object(tool.input_schema.clone());
        let Value::Object(arguments) = self.object(&schema, 0)? else { return Ok(()) };
        if let Ok(answer) = world.call(db, tool, arguments) {
            for id in ["entity", "memory", "relationship"] {
                let name = format!("{id}_id");
                self.known.extend(answer[id][&name].as_str().map(str::to_owned));
            }
            self.known.extend(answer["next_cursor"].as_str().map(str::to_owned));
        }
        Ok(())
    }

    /// A value for what a schema describes; now and then one of another kind.
    fn value(&mut self, name: &str, schema: &Value, depth: usize) -> Result<Value> {
        match self.data.int_in_range(0..=19)? {
            0 => return self.anything(depth),
            1 => return Ok(Value::Null),
            _ => {}
        }
        if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.is_empty()) {
            return self.data.choose(choices).cloned();
        }
        match schema["type"].as_str() {
            Some("string") => self.text(name).map(Value::from),
            Some("integer") => self.data.int_in_range(-2..=300).map(Value::from),
            Some("number") => self.data.int_in_range(-4..=24).map(|n| json!(f64::from(n) / 20.0)),
            Some("boolean") => self.data.arbitrary::<bool>().map(Value::from),
            Some("array") => {
                let items = (0..self.data.int_in_range(0..=3)?)
                    .map(|_| self.value(name, &schema["items"], depth + 1));
                items.collect::<Result<Vec<_>>>().map(Value::from)
            }
            Some("object") => self.object(schema, depth + 1),
            _ => self.anything(depth),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Result<Value> {
        let mut fields = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let Some(properties) = schema["properties"].as_object() else {
            for _ in 0..self.data.int_in_range(0..=3)? {
                let name = (*self.data.choose(&PROPERTIES)?).to_owned();
                fields.insert(name, self.anything(depth)?);
            }
            return Ok(Value::Object(fields));
        };
        for (name, property) in properties {
            let needed = required.iter().any(|required| required == name);
            // What is needed is given nearly always, the rest now and then.
            if self.data.ratio(if needed { 15 } else { 4 }, 16)? {
                fields.insert(name.clone(), self.value(name, property, depth)?);
            }
        }
        if self.data.ratio(1, 64)? {
            fields.insert(self.text("name")?, self.anything(depth)?);
        }
        Ok(Value::Object(fields))
    }

    fn text(&mut self, name: &str) -> Result<String> {
        let is_id = name.ends_with("_id") || name == "superseded_by" || name == "cursor";
        match self.data.int_in_range(0..=9)? {
            0..=6 if is_id => self.data.choose(&self.known).cloned(),
            0..=3 if name == "source_refs" => {
                let scheme =
                    *self.data.choose(&["memory", "chunk", "doc", "interaction", "url"])?;
                Ok(format!("{scheme}:{}", self.data.choose(&self.known)?))
            }
            0..=5 => self.data.choose(&KNOWN).map(|text| (*text).to_owned()),
            6 => self.data.choose(&self.known).cloned(),
            7 => {
                let part: &str = self.data.arbitrary()?;
                let times = *self.data.choose(&[1, 2, 300, 501, 33_000])?;
                Ok(part.chars().take(4).collect::<String>().repeat(times))
            }
            _ => self.data.arbitrary::<&str>().map(str::to_owned),
        }
    }

    fn anything(&mut self, depth: usize) -> Result<Value> {
        Ok(match self.data.int_in_range(0..=if depth > 12 { 4 } else { 7 })? {
            0 => Value::Null,
            1 => Value::from(self.data.arbitrary::<bool>()?),
            2 => Value::from(self.data.arbitrary::<i64>()?),
            3 => json!(self.data.arbitrary::<f64>()?),
            4 => Value::from(self.text("any")?),
            5 => Value::from(self.text("any_id")?),
            6 => Value::from(vec![self.anything(depth + 1)?, self.anything(depth + 1)?]),
            _ => self.object(&Value::Null, depth + 1)?,
        })
    }
}
