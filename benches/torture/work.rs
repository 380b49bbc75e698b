//! What a client writes and reads: a stream of calls by chance that is seeded, each with a note that
//! says how many audit rows it must leave, so that half a write shows from outside.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::program::Outcome;
use crate::store::PROJECT;

const WORDS: &str = "support mirror thermal bracket limit mass margin torque sensor cable preload \
    polish coating vibration alignment actuator pad cell stress drift heater baffle lens focus";

/// Numbers that look like chance and are the same for the same seed (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn text(&mut self, words: usize) -> String {
        let all: Vec<&str> = WORDS.split_whitespace().collect();
        (0..words).map(|_| *self.one_of(&all)).collect::<Vec<_>>().join(" ")
    }
}

/// One call of a tool.
pub struct Call {
    pub tool: &'static str,
    pub arguments: Value,
    /// How many audit rows a write leaves.
    pub rows: usize,
}

/// A write that was answered: its note, and the ids that the answer names.
pub struct Acknowledged {
    pub note: String,
    pub ids: Vec<String>,
}

fn id_in_list(row: &Value) -> Option<&str> {
    ["entity_id", "memory_id", "relationship_id"].iter().find_map(|name| row[name].as_str())
}

/// A client with a name of its own, and what it knows of the store.
pub struct Worker {
    name: String,
    pub chance: Chance,
    written: usize,
    /// Entities that everybody links to and changes.
    ground: Vec<String>,
    /// Its own entities, oldest first.
    own: Vec<String>,
    waiting: Vec<String>,
    linked: HashSet<(String, String)>,
}

impl Worker {
    pub fn new(name: String, seed: u64, ground: &[String]) -> Self {
        let (own, waiting, linked) = (Vec::new(), Vec::new(), HashSet::new());
        Self {
            name,
            chance: Chance(seed),
            written: 0,
            ground: ground.to_vec(),
            own,
            waiting,
            linked,
        }
    }

    /// The next write, a different one each time.
    pub fn next_write(&mut self) -> Call {
        let write = match self.chance.below(20) {
            0..8 => self.entity_with_links(),
            8..12 => self.memory(),
            12..15 => self.update(),
            15..17 => self.promotion(),
            17..19 => self.link(),
            _ => self.batch(),
        };
        self.noted(write)
    }

    /// The next entity with links.
    pub fn creation(&mut self) -> Call {
        let write = self.entity_with_links();
        self.noted(write)
    }

    fn noted(&mut self, (tool, mut arguments, rows): (&'static str, Value, usize)) -> Call {
        self.written += 1;
        arguments["note"] = json!(format!("{} {} of {rows}", self.name, self.written));
        Call { tool, arguments, rows }
    }

    fn entity(&mut self, number: usize) -> Value {
        json!({
            "entity_type": self.chance.one_of(&["component", "requirement", "decision"]),
            "name": format!("{} {} {number}", self.chance.text(2), self.name),
            "project": PROJECT,
            "description": self.chance.text(12),
            "properties": { "part_number": format!("P-{}-{number}", self.name), "rank": number },
            "source_refs": [format!("doc:reviews/{}.md", number / 10)],
        })
    }

    fn entity_with_links(&mut self) -> (&'static str, Value, usize) {
        let mut entity = self.entity(self.written);
        let targets: HashSet<String> = (0..2).map(|_| self.any()).collect();
        let rows = 1 + targets.len();
        let link = |id| json!({ "relationship_type": "depends_on", "target_id": id });
        entity["relationships"] = targets.into_iter().map(link).collect();
        ("create_entity", entity, rows)
    }

    fn memory(&mut self) -> (&'static str, Value, usize) {
        let content = format!("{} of {} {}", self.chance.text(14), self.name, self.written);
        let memory = json!({ "memory_type": "knowledge", "project": PROJECT, "content": content });
        ("create_memory", memory, 1)
    }

    /// Changes an entity that others may change at the same time.
    fn update(&mut self) -> (&'static str, Value, usize) {
        let mark = format!("{} {}", self.name, self.written);
        let properties = json!({ "checked_by": mark });
        ("update_entity", json!({ "entity_id": self.any(), "properties": properties }), 1)
    }

    fn promotion(&mut self) -> (&'static str, Value, usize) {
        match self.waiting.pop() {
            Some(id) => ("promote_entity", json!({ "entity_id": id }), 1),
            None => self.memory(),
        }
    }

    /// A link from an older to a newer entity: those made with an entity go the other way.
    fn link(&mut self) -> (&'static str, Value, usize) {
        let newer = self.chance.below(self.own.len().max(1));
        let older = self.chance.below(newer.max(1));
        if newer == 0 || older >= newer {
            return self.memory();
        }
        let (source, target) = (self.own[older].clone(), self.own[newer].clone());
        if !self.linked.insert((source.clone(), target.clone())) {
            return self.memory();
        }
        let link = json!({ "relationship_type": "depends_on", "source_id": source,
                           "target_id": target, "source_refs": ["session:torture"] });
        ("create_relationship", link, 1)
    }

    /// Five entities, each linked to one that is there, and two memories.
    fn batch(&mut self) -> (&'static str, Value, usize) {
        let (mut entities, mut links) = (Vec::new(), Vec::new());
        for row in 0..5 {
            let mut entity = self.entity(self.written * 10 + row);
            entity["name"] = json!(format!("{} batch {} {row}", self.name, self.written));
            entity["key"] = json!(format!("e{row}"));
            entities.push(entity);
            links.push(json!({ "relationship_type": "depends_on", "source_id": format!("e{row}"),
                               "target_id": self.any() }));
        }
        let memories: Vec<Value> = (0..2).map(|_| self.memory().1).collect();
        let rows = entities.len() + links.len() + memories.len();
        let batch = json!({ "entities": entities, "relationships": links, "memories": memories });
        ("create_batch", batch, rows)
    }

    /// One of the entities that it knows.
    pub fn any(&mut self) -> String {
        let all =
            if self.chance.below(4) == 0 || self.own.is_empty() { &self.ground } else { &self.own };
        self.chance.one_of(all).clone()
    }

    /// Takes in the answer of a write.
    pub fn acknowledged(&mut self, call: &Call, answer: &Value) -> Outcome<Acknowledged> {
        let answer = &answer["structuredContent"];
        let mut ids = Vec::new();
        for one in ["entity", "memory", "relationship"] {
            ids.extend(answer[one][format!("{one}_id")].as_str());
        }
        for many in ["entities", "memories", "relationships"] {
            let rows = answer[many].as_array().map_or(&[][..], Vec::as_slice);
            ids.extend(rows.iter().filter_map(id_in_list));
        }
        if ids.len() != call.rows {
            return Err(format!("{} names {} rows: {answer}", call.tool, ids.len()).into());
        }
        ids.extend(answer["audit_id"].as_str());
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        if call.tool == "create_entity" {
            self.own.push(ids[0].clone());
            self.waiting.push(ids[0].clone());
        }
        let note = call.arguments["note"].as_str().unwrap_or_default().to_owned();
        Ok(Acknowledged { note, ids })
    }
}
