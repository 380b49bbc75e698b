//! Counts of the parts of a memory file, and the notes about them in the report.

use std::collections::BTreeMap;

use super::mapping::propose_mapping;
use super::read::MemoryGraph;
use crate::model::text::quote_text;
use crate::ops::exchange::import_report::ImportNote;

/// Counts of the parts of the file, and remarks about them.
#[derive(Default)]
pub struct MemoryFileCounts {
    pub observations: usize,
    /// Observations that did not fit into the descriptions and became memories.
    pub as_memories: usize,
    /// Distinct relations.
    pub relations: usize,
    pub repeated_relations: usize,
    pub renamed: Vec<String>,
    /// Types that are not in the ontology: the type used instead, and the number of entities.
    pub types: BTreeMap<String, (String, usize)>,
    /// Types of relations that are not in the ontology, with the number of relations.
    pub loose_types: BTreeMap<String, usize>,
    /// Relations that could not become relationships, with the reason.
    pub unmapped: Vec<String>,
}

impl MemoryFileCounts {
    pub fn into_notes(self, graph: &MemoryGraph) -> Vec<ImportNote> {
        let kept = self.unmapped.len();
        let observations = [
            ("in descriptions", self.observations.saturating_sub(self.as_memories)),
            ("as memories", self.as_memories),
            ("repeated", graph.repeated),
            ("blank", graph.blank),
        ];
        let relations = [
            ("fit the ontology", self.relations - kept),
            ("kept as they are", kept),
            ("repeated", self.repeated_relations),
        ];
        let merged = graph.rows.entities - graph.entities.len();
        let rows = [
            ("entities", graph.entities.len()),
            ("merged into them", merged),
            ("relations", graph.rows.relations),
            ("refused", graph.rows.refused),
        ];
        let mapping = propose_mapping(&self.types, &self.loose_types);
        let types = self.types.into_iter().map(|(original, (used, count))| {
            format!("{} became {used} in {count}", quote_text(&original, 160))
        });
        let mut notes = vec![
            ImportNote { counts: rows.into(), ..ImportNote::of_count("rows read", graph.rows.met) },
            ImportNote {
                counts: observations.into(),
                ..ImportNote::of_count("observations", self.observations)
            },
            ImportNote {
                counts: relations.into(),
                ..ImportNote::of_count("relations", self.relations)
            },
            ImportNote::of_lines("types that the ontology does not have", types.collect()),
        ];
        for (about, lines) in [
            ("names that were changed", self.renamed),
            ("relations kept as they are", self.unmapped),
            ("repaired", graph.mended.clone()),
            ("keys of the file that are neither entities nor relations", graph.ignored.clone()),
            ("lines for a mapping file", mapping),
        ] {
            if !lines.is_empty() {
                notes.push(ImportNote::of_lines(about, lines));
            }
        }
        notes
    }
}
