//! A made-up engineering store of any size, as lines for `atocore import`: the same size gives the
//! same bytes. Names, texts, properties and links are spread as in real projects: few words and
//! few parts take most of the mentions, most requirements are satisfied, some claims rest on nothing.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use self::text::Words;

pub mod text;

/// How many rows there are to be.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub entities: usize,
    pub relationships: usize,
    pub memories: usize,
}

impl Size {
    /// What the figures in the README are measured with.
    pub const FULL: Self = Self { entities: 100_000, relationships: 300_000, memories: 100_000 };

    pub const fn rows(self) -> usize {
        self.entities + self.relationships + self.memories
    }
}

/// The projects, and an alias of each.
pub const PROJECTS: [(&str, &str); 8] = [
    ("p01-lander", "lander"),
    ("p02-rover", "rover"),
    ("p03-telescope", "telescope"),
    ("p04-gimbal", "gimbal"),
    ("p05-polisher", "polisher"),
    ("p06-tracker", "tracker"),
    ("p07-relay", "relay"),
    ("p08-probe", "probe"),
];

/// Entity types with how many of a thousand entities are of the type. The parts are fewer.
const SHARES: [(&str, usize); 16] = [
    ("system", 0),
    ("subsystem", 4),
    ("component", 36),
    ("material", 2),
    ("interface", 30),
    ("requirement", 200),
    ("constraint", 50),
    ("assumption", 80),
    ("decision", 100),
    ("risk", 48),
    ("parameter", 150),
    ("analysis_model", 40),
    ("result", 120),
    ("validation_claim", 100),
    ("process", 20),
    ("artifact", 20),
];

/// Link types with their ends, and how many of a thousand links are of the type.
const LINKS: [(&str, &str, &str, usize); 17] = [
    ("component", "satisfies", "requirement", 120),
    ("decision", "satisfies", "requirement", 20),
    ("requirement", "validated_by", "result", 60),
    ("validation_claim", "evidenced_by", "result", 60),
    ("result", "supports", "validation_claim", 60),
    ("decision", "based_on_assumption", "assumption", 60),
    ("component", "affected_by_decision", "decision", 70),
    ("component", "depends_on", "component", 120),
    ("parameter", "depends_on", "parameter", 60),
    ("component", "interfaces_with", "interface", 70),
    ("requirement", "constrained_by", "constraint", 60),
    ("parameter", "analyzed_by", "analysis_model", 50),
    ("requirement", "part_of", "requirement", 50),
    ("risk", "based_on_assumption", "assumption", 30),
    ("requirement", "described_by", "artifact", 60),
    ("decision", "summarized_in", "artifact", 30),
    ("result", "described_by", "artifact", 20),
];

/// Writes the lines: projects, memories, entities, relationships.
pub fn write(size: Size, out: &mut impl Write) -> io::Result<()> {
    let mut store = Store { words: Words::new(), types: spread(size.entities) };
    for (name, alias) in PROJECTS {
        writeln!(out, "{}", json!({ "type": "project", "name": name, "aliases": [alias] }))?;
    }
    for number in 0..size.memories {
        writeln!(out, "{}", store.memory(number))?;
    }
    for type_number in 0..SHARES.len() {
        for number in 0..store.types[type_number] {
            writeln!(out, "{}", store.entity(type_number, number, size.memories))?;
        }
    }
    store.links(size.relationships, out)
}

/// How many entities there are of each type; what is left over are requirements.
fn spread(entities: usize) -> Vec<usize> {
    let share = |(name, share): &(&str, usize)| match *name {
        "system" => PROJECTS.len(),
        _ => (entities * share / 1000).max(PROJECTS.len()),
    };
    let mut counts: Vec<usize> = SHARES.iter().map(share).collect();
    let requirements = index_of("requirement");
    let others = counts.iter().sum::<usize>() - counts[requirements];
    counts[requirements] = entities.saturating_sub(others);
    counts
}

fn index_of(entity_type: &str) -> usize {
    SHARES.iter().position(|(name, _)| *name == entity_type).unwrap_or_default()
}

struct Store {
    words: Words,
    /// How many entities there are of each type.
    types: Vec<usize>,
}

impl Store {
    fn memory(&mut self, number: usize) -> Value {
        let kind = ["project", "knowledge", "project", "episodic", "adaptation", "preference"];
        let words = 12 + self.words.below(18);
        let mut row = json!({
            "type": "memory",
            "key": format!("m{number}"),
            "memory_type": kind[self.words.below(kind.len())],
            "content": self.words.sentence(words),
            "project": if self.words.one_in(10) { "" } else { self.project(number) },
            "status": if self.words.one_in(4) { "candidate" } else { "active" },
            "confidence": 0.5 + self.words.below(50) as f64 / 100.0,
            "domain_tags": [self.words.word(), self.words.word()],
        });
        if self.words.one_in(8) {
            row["subject"] = json!(format!("{} {number}", self.words.word()));
        }
        row
    }

    /// A row and its neighbour mostly belong to different projects.
    fn project(&self, number: usize) -> &'static str {
        PROJECTS[number % PROJECTS.len()].0
    }

    fn entity(&mut self, type_number: usize, number: usize, memories: usize) -> Value {
        let entity_type = SHARES[type_number].0;
        let words = 10 + self.words.below(16);
        let page = self.words.skewed(400);
        let mut sources = vec![format!("doc:{}/{page}.md", self.words.word())];
        if memories > 0 && self.words.one_in(20) {
            sources.push(format!("memory:m{}", self.words.below(memories)));
        }
        json!({
            "type": "entity",
            "key": format!("{entity_type}{number}"),
            "entity_type": entity_type,
            "name": self.name(entity_type, number),
            "project": if entity_type == "material" { "" } else { self.project(number) },
            "description": self.words.sentence(words),
            "properties": self.properties(entity_type, number),
            "source_refs": sources,
            "status": if self.words.one_in(20) { "candidate" } else { "active" },
            "confidence": 0.6 + self.words.below(40) as f64 / 100.0,
        })
    }

    fn name(&mut self, entity_type: &str, number: usize) -> String {
        let (first, second) = (self.words.capital(), self.words.capital());
        match entity_type {
            "requirement" | "constraint" | "risk" => {
                let code: String = first.to_uppercase().chars().take(3).collect();
                format!("{code}-{number:05}")
            }
            "component" | "interface" | "process" => format!("{first}{second}{number}"),
            _ => format!("{first} {} {number}", second.to_lowercase()),
        }
    }

    fn properties(&mut self, entity_type: &str, number: usize) -> Value {
        match entity_type {
            "parameter" => {
                let unit = ["kg", "mm", "V", "W", "K", "Hz", "s"][self.words.below(7)];
                json!({ "value": self.words.below(100_000) as f64 / 10.0, "unit": unit })
            }
            "requirement" => {
                let by = ["test", "analysis", "inspection"][self.words.below(3)];
                json!({ "verification": by, "priority": self.words.below(4) })
            }
            "decision" => json!({ "decides": format!("{} {number}", self.words.word()),
                "choice": self.words.word() }),
            "assumption" if self.words.one_in(12) => json!({ "flagged": true }),
            "component" => json!({ "part_number": format!("M{}x{number}", self.words.below(40)),
                "mass": { "value": self.words.below(900), "unit": "g" } }),
            _ => json!({}),
        }
    }

    fn links(&mut self, wanted: usize, out: &mut impl Write) -> io::Result<()> {
        let mut links = Links { out, known: HashSet::new(), wanted };
        let of = |name: &str| index_of(name);
        let [system, subsystem, component] = ["system", "subsystem", "component"].map(of);
        for number in 0..self.types[subsystem] {
            links.add((subsystem, number), "part_of", (system, number % PROJECTS.len()))?;
        }
        for number in 0..self.types[component] {
            let parent = self.fellow(number, subsystem);
            links.add((component, number), "part_of", (subsystem, parent))?;
            let material = self.words.skewed(self.types[of("material")]);
            links.add((component, number), "uses_material", (of("material"), material))?;
            // Some parts are said to be made of two materials.
            if self.words.one_in(50) {
                let other = (material + 1) % self.types[of("material")];
                links.add((component, number), "uses_material", (of("material"), other))?;
            }
        }
        // Nine requirements in ten are satisfied at least once.
        for number in 0..self.types[of("requirement")] {
            if !self.words.one_in(10) {
                let by = self.fellow(number, component);
                links.add((component, by), "satisfies", (of("requirement"), number))?;
            }
        }
        while links.known.len() < wanted {
            let (source, name, target) = self.kind_of_link();
            let number = self.words.below(self.types[source]);
            let other = self.fellow(number, target);
            if (source, number) != (target, other) {
                links.add((source, number), name, (target, other))?;
            }
        }
        Ok(())
    }

    fn kind_of_link(&mut self) -> (usize, &'static str, usize) {
        let mut place = self.words.below(1000);
        for (source, name, target, share) in LINKS {
            if place < share {
                return (index_of(source), name, index_of(target));
            }
            place -= share;
        }
        (index_of("component"), "depends_on", index_of("component"))
    }

    /// An entity of a type in the project of the other, the early ones more often.
    fn fellow(&mut self, number: usize, type_number: usize) -> usize {
        let projects = PROJECTS.len();
        let fellows = (self.types[type_number] / projects).max(1);
        let chosen = self.words.skewed(fellows) * projects + number % projects;
        chosen.min(self.types[type_number] - 1)
    }
}

/// An entity: the number of its type, and its number among those of the type.
type End = (usize, usize);

struct Links<'w, W> {
    out: &'w mut W,
    known: HashSet<(End, &'static str, End)>,
    wanted: usize,
}

impl<W: Write> Links<'_, W> {
    /// Writes a link, unless it or its reverse was written.
    fn add(&mut self, source: End, name: &'static str, target: End) -> io::Result<()> {
        let full = self.known.len() == self.wanted;
        let known = self.known.contains(&(target, name, source));
        if full || known || !self.known.insert((source, name, target)) {
            return Ok(());
        }
        let key = |(of, number): End| format!("{}{number}", SHARES[of].0);
        let line = json!({ "type": "relationship", "source": key(source),
            "relationship_type": name, "target": key(target) });
        writeln!(self.out, "{line}")
    }
}
