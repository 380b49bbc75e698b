//! Plans the import of a file of the reference memory server: a pure function of its bytes.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::counts::MemoryFileCounts;
use super::mapping::TypeMapping;
use super::read::{MemoryGraph, NamedEntity, NamedRelation};
use crate::model::imported_history::ImportedHistory;
use crate::model::memory::MemoryType;
use crate::model::ontology::SUPERSEDES;
use crate::model::text::{self, collapse_spaces, quote_text};
use crate::model::{Error, Ontology, Result, secrets};
use crate::ops::exchange::import_line::ImportLine;
use crate::ops::exchange::import_report::{ImportReport, LinePlace};
use crate::ops::record::validate::{MAX_NAME, MAX_TEXT, check_property_limits};
use crate::ops::write::entities::{InitialStatus, NewEntity};
use crate::ops::write::memories::NewMemory;
use crate::ops::write::relationships::NewRelationship;

/// Options of the import.
#[derive(Debug, Clone)]
pub struct MemoryFileArgs {
    /// The file name, used for provenance.
    pub file: String,
    pub project: Option<String>,
    pub status: InitialStatus,
    /// The type of entities whose own type is not in the ontology.
    pub default_type: String,
    pub mapping: TypeMapping,
    /// Whether observations that look like secrets are taken.
    pub allow_secrets: bool,
}

/// The import lines made from a file, and the report about those parts that became none.
#[derive(Debug, Default)]
pub struct Plan {
    pub lines: Vec<(LinePlace, ImportLine)>,
    pub report: ImportReport,
}

/// Maximum size in bytes of an original value in the properties; a larger one becomes text.
const MAX_ORIGINAL: usize = 4_000;
/// The name of entities without a name.
const UNNAMED: &str = "(unnamed)";
/// The property with the relations that fit no relationship type.
const UNMAPPED: &str = "unmapped_relations";

impl Plan {
    pub fn new(bytes: &[u8], ontology: &Ontology, wish: &MemoryFileArgs) -> Result<Self> {
        ontology.require_entity_type(&wish.default_type)?;
        wish.mapping.check(ontology)?;
        let graph = &MemoryGraph::read(bytes);
        if !graph.rows.add_up() {
            return Err(Error::Internal(format!("rows of the file were lost: {:?}", graph.rows)));
        }
        let mut planner = Planner {
            graph,
            ontology,
            wish,
            entities: Vec::new(),
            memories: Vec::new(),
            relationships: Vec::new(),
            counts: MemoryFileCounts::default(),
            replaces: HashMap::new(),
            refused: Vec::new(),
        };
        for found in &graph.entities {
            planner.entity(found);
        }
        let mut seen = HashSet::new();
        for link in &graph.relations {
            if seen.insert(format!("{:?}", NamedRelation { place: String::new(), ..link.clone() }))
            {
                planner.relation(link);
            } else {
                planner.counts.repeated_relations += 1;
            }
        }
        let refused = std::mem::take(&mut planner.refused);
        let counts = std::mem::take(&mut planner.counts);
        let mut report =
            ImportReport { notes: counts.into_notes(graph), ..ImportReport::default() };
        for (place, reason) in graph.refused.iter().chain(&refused) {
            report.refuse(LinePlace::Name(place.clone()), reason.clone());
        }
        Ok(Self { lines: planner.into_lines(), report })
    }
}

struct Planner<'a> {
    graph: &'a MemoryGraph,
    ontology: &'a Ontology,
    wish: &'a MemoryFileArgs,
    /// One for each entity of the graph.
    entities: Vec<NewEntity>,
    memories: Vec<NewMemory>,
    relationships: Vec<NewRelationship>,
    counts: MemoryFileCounts,
    /// The entities that each entity supersedes, to prevent cycles.
    replaces: HashMap<usize, Vec<usize>>,
    /// Observations that were refused, with the reason.
    refused: Vec<(String, String)>,
}

impl Planner<'_> {
    fn entity(&mut self, found: &NamedEntity) {
        let name = name_of(found);
        let entity_type = self.entity_type(&found.types);
        let mut observations = self.harmless_observations(&name, found);
        let mut properties = Map::new();
        if name != found.name {
            let [given, used] = [&found.name, &name].map(|name| quote_text(name, 160));
            self.counts.renamed.push(format!("{given} became {used}"));
            keep_original(&mut properties, &mut observations, "original_name", json!(found.name));
        }
        match found.types.as_slice() {
            [] => {}
            [only] if *only == entity_type => {}
            [only] => {
                keep_original(&mut properties, &mut observations, "original_type", json!(only))
            }
            many => keep_original(&mut properties, &mut observations, "original_type", json!(many)),
        }
        match found.extra.as_slice() {
            [] => {}
            [only] => keep_original(&mut properties, &mut observations, "original", json!(only)),
            many => keep_original(&mut properties, &mut observations, "original", json!(many)),
        }
        self.counts.observations += observations.len();
        let description = self.describe(&name, &observations);
        self.entities.push(NewEntity {
            entity_type,
            name,
            project: self.wish.project.clone(),
            description,
            properties,
            source_refs: self.source_refs(),
            status: self.wish.status,
            ..NewEntity::default()
        });
    }

    /// Refuses each observation with a likely secret, and returns the others.
    fn harmless_observations(&mut self, name: &str, found: &NamedEntity) -> Vec<String> {
        let mut kept = Vec::with_capacity(found.observations.len());
        for (index, observation) in found.observations.iter().enumerate() {
            match secrets::find(observation).filter(|_| !self.wish.allow_secrets) {
                None => kept.push(observation.clone()),
                Some(secret) => self.refused.push((
                    format!("entity {}, observation {}", quote_text(name, 160), index + 1),
                    format!("this looks like {}; the others of the entity were taken", secret.kind),
                )),
            }
        }
        kept
    }

    /// Returns the type of the ontology with the same spelling, ignoring case and separators.
    fn entity_type(&mut self, given: &[String]) -> String {
        let known = |name: &String| {
            let name = self.wish.mapping.entity_type(name);
            let entry = self.ontology.entity_type(&name)?;
            entry.required_properties.is_empty().then_some(name)
        };
        if let Some(known) = given.iter().find_map(known) {
            return known;
        }
        let default = &self.wish.default_type;
        let original = given.first().cloned().unwrap_or_default();
        self.counts.types.entry(original).or_insert_with(|| (default.clone(), 0)).1 += 1;
        default.clone()
    }

    /// Returns the description: a single observation, or a numbered list. Observations that do not
    /// fit become memories, titled with their number in the list.
    fn describe(&mut self, name: &str, observations: &[String]) -> String {
        let mut description = String::new();
        let mut length = 0;
        for (index, observation) in observations.iter().enumerate() {
            let number = index + 1;
            let item = match observations {
                [_] => observation.clone(),
                _ => format!("{number}. {observation}"),
            };
            let size = item.chars().count() + 1;
            if length + size > MAX_TEXT {
                self.counts.as_memories += 1;
                self.remember(Some(name), &format!("{name}, observation {number}"), observation);
                continue;
            }
            if !description.is_empty() {
                description.push('\n');
            }
            description.push_str(&item);
            length += size;
        }
        description
    }

    /// Keeps a text as a memory, or as several if it is too long. The memory has no subject, since
    /// statements about an entity accumulate and do not contradict each other.
    fn remember(&mut self, tag: Option<&str>, title: &str, text: &str) {
        const PART: usize = MAX_TEXT - 2 * MAX_NAME;
        let chars: Vec<char> = text.chars().collect();
        let parts: Vec<String> = chars.chunks(PART).map(|part| part.iter().collect()).collect();
        for (index, part) in parts.iter().enumerate() {
            let content = match parts.len() {
                1 => format!("{title}: {part}"),
                many => format!("{title}, part {} of {many}: {part}", index + 1),
            };
            self.memories.push(NewMemory {
                memory_type: match self.wish.project {
                    Some(_) => MemoryType::Project,
                    None => MemoryType::Knowledge,
                },
                content,
                uid: String::new(),
                subject: String::new(),
                project: self.wish.project.clone(),
                confidence: None,
                domain_tags: tag.map(str::to_owned).into_iter().collect(),
                valid_until: None,
                source_chunk_id: None,
                status: self.wish.status,
            });
        }
    }

    fn relation(&mut self, link: &NamedRelation) {
        self.counts.relations += 1;
        let ends = (self.graph.position(&link.from), self.graph.position(&link.to));
        let problem = match ends {
            (Some(source), Some(target)) => match self.fits(source, link, target) {
                Ok(relationship_type) => {
                    return self.relationships.push(NewRelationship {
                        relationship_type,
                        source_id: self.graph.entities[source].key(),
                        target_id: self.graph.entities[target].key(),
                        source_refs: self.source_refs(),
                        ..NewRelationship::default()
                    });
                }
                Err(problem) => problem,
            },
            (None, _) => format!("there is no entity {}", quote_text(&link.from, 160)),
            (_, None) => format!("there is no entity {}", quote_text(&link.to, 160)),
        };
        let mut entry = Map::from_iter([("relation_type".to_owned(), json!(link.relation_type))]);
        let holder = match ends {
            (Some(source), _) => {
                entry.insert("to".to_owned(), json!(link.to));
                Some(source)
            }
            (None, Some(target)) => {
                entry.insert("from".to_owned(), json!(link.from));
                Some(target)
            }
            (None, None) => None,
        };
        if !link.extra.is_empty() {
            entry.insert("original".to_owned(), json!(link.extra));
        }
        let place = match holder.filter(|at| self.add_unmapped(*at, Value::Object(entry))) {
            Some(holder) => {
                format!("the properties of {}", quote_text(&self.entities[holder].name, 160))
            }
            None => {
                let extra = Value::Object(link.extra.clone());
                let extra = if link.extra.is_empty() { String::new() } else { format!(" {extra}") };
                self.remember(None, "relation", &format!("{}{extra}", word_relation(link)));
                "a memory".to_owned()
            }
        };
        let [from, kind, to] =
            [&link.from, &link.relation_type, &link.to].map(|text| quote_text(text, 160));
        let at = match [&link.from, &link.to].iter().any(|end| text::is_blank(end)) {
            true => format!("{}: ", link.place),
            false => String::new(),
        };
        self.counts.unmapped.push(format!("{at}{from} {kind} {to} kept in {place}: {problem}"));
    }

    /// Returns the relationship type of a relation, or the reason why there is none.
    fn fits(
        &mut self,
        source: usize,
        link: &NamedRelation,
        target: usize,
    ) -> Result<String, String> {
        let name = self.wish.mapping.relation_type(&link.relation_type);
        if self.ontology.relationship_type(&name).is_none() {
            *self.counts.loose_types.entry(link.relation_type.clone()).or_default() += 1;
            return Err("no such relationship type".to_owned());
        }
        if source == target {
            return Err("it leads to where it starts".to_owned());
        }
        let kind = |at: usize| self.entities[at].entity_type.as_str();
        let ends = self.ontology.check_ends(&name, kind(source), kind(target));
        ends.map_err(|error| error.to_string())?;
        if name == SUPERSEDES {
            if self.leads_to(target, source) {
                return Err("supersedes: the chain would become a cycle".to_owned());
            }
            self.replaces.entry(source).or_default().push(target);
        }
        Ok(name)
    }

    /// Returns whether an entity supersedes another, directly or transitively.
    fn leads_to(&self, from: usize, to: usize) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![from];
        while let Some(next) = waiting.pop() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                waiting.extend(self.replaces.get(&next).into_iter().flatten());
            }
        }
        false
    }

    /// Adds a relation to the properties of an entity; returns false if it exceeds their limits.
    fn add_unmapped(&mut self, holder: usize, entry: Value) -> bool {
        let properties = &mut self.entities[holder].properties;
        let kept = properties.entry(UNMAPPED).or_insert_with(|| json!([]));
        if let Some(kept) = kept.as_array_mut() {
            kept.push(entry);
        }
        if check_property_limits(properties).is_ok() {
            return true;
        }
        if let Some(kept) = properties.get_mut(UNMAPPED).and_then(Value::as_array_mut) {
            kept.pop();
            if kept.is_empty() {
                properties.shift_remove(UNMAPPED);
            }
        }
        false
    }

    fn source_refs(&self) -> Vec<String> {
        vec![format!("doc:{}", self.wish.file)]
    }

    fn into_lines(self) -> Vec<(LinePlace, ImportLine)> {
        let entities = self.graph.entities.iter().zip(self.entities).map(|(found, new)| {
            let place = format!("entity {}", quote_text(&new.name, 160));
            (LinePlace::Name(place), ImportLine::Entity(Some(found.key()), new))
        });
        let memories = self.memories.into_iter().map(|new| {
            let place = format!("memory {}", quote_text(&new.content, 160));
            (LinePlace::Name(place), ImportLine::Memory(None, new, ImportedHistory::default()))
        });
        let relationships = self.relationships.into_iter().map(|new| {
            let [source, target] = [&new.source_id, &new.target_id].map(|id| quote_text(id, 160));
            let place = format!("{source} {} {target}", new.relationship_type);
            (LinePlace::Name(place), ImportLine::Relationship(new))
        });
        entities.chain(memories).chain(relationships).collect()
    }
}

/// Returns the normalised name; one that is too long is cut, and kept in full in the properties.
fn name_of(found: &NamedEntity) -> String {
    let name = collapse_spaces(&found.name);
    if text::is_blank(&name) {
        return UNNAMED.to_owned();
    }
    if name.chars().count() <= MAX_NAME {
        return name;
    }
    let cut: String = name.chars().take(MAX_NAME - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Keeps an original value in the properties, or as an additional observation if it is too large.
fn keep_original(
    properties: &mut Map<String, Value>,
    observations: &mut Vec<String>,
    key: &str,
    value: Value,
) {
    let text = value.to_string();
    properties.insert(key.to_owned(), value);
    if text.len() > MAX_ORIGINAL || check_property_limits(properties).is_err() {
        properties.shift_remove(key);
        observations.push(format!("{key}: {text}"));
    }
}

fn word_relation(link: &NamedRelation) -> String {
    let NamedRelation { from, relation_type, to, .. } = link;
    format!("\"{from}\" {relation_type} \"{to}\"")
}
