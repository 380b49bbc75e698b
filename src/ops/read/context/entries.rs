//! Collects the entries of each band of the context pack, best first: one line each, with its
//! source.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::model::handle::HandleKind;
use crate::model::headline::{Headline, short_properties};
use crate::model::mark::{mark_prefix, reason_words};
use crate::model::text::{count_noun, quote_text};
use crate::model::words::{stem_word, stems_of};
use crate::model::{Entity, Memory, ProjectState, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::ops::read::search::snippet;
use crate::ops::read::search::{self, FoundRow, Hit, Prepared, SearchRequest};
use crate::ops::write::conflicts;
use crate::ops::write::projects::ProjectScope;
use crate::store::handles::handle_of;
use crate::store::sqlite::search::Filter;
use crate::store::{self, View, overview};

/// Characters of a name.
const NAME: usize = 80;
/// Characters of stored text in an entry.
const ENTRY: usize = 250;
/// Range of the number of candidate entries per band: the budget in characters divided by
/// [`CHARACTERS_FOR_ONE`], so that more are found than fit.
const CONSIDERED: std::ops::RangeInclusive<usize> = 10..=40;
const CHARACTERS_FOR_ONE: usize = 200;
/// Minimum score relative to the best match; lower scores share only a common word.
const WORTH: f64 = 0.35;
/// Short properties listed in the entry of an entity.
const MAX_PROPERTIES: usize = 6;
/// Links listed in the entry of an entity.
const LINKS: i64 = 10;

/// Words of a question about the state of a project.
const STATE_WORDS: [&str; 6] = ["state", "status", "summarize", "summary", "overview", "progress"];
/// Entity types by which a project is judged, and the rows of each that such a question gets.
const TYPICAL: [&str; 6] =
    ["requirement", "result", "parameter", "decision", "risk", "validation_claim"];
const TYPICAL_ROWS: i64 = 5;

/// The entries of a band, best first.
#[derive(Debug, Default)]
pub struct BandEntries {
    pub strong: Vec<String>,
    /// Entries of matches that are much weaker than the best one.
    pub weak: Vec<String>,
}

impl BandEntries {
    pub fn new(strong: Vec<String>) -> Self {
        Self { strong, weak: Vec::new() }
    }
}

/// A query and the projects it covers.
pub struct Asked<'v, 'c> {
    view: &'v View<'c>,
    scope: &'v ProjectScope,
    prepared: Prepared<'v>,
    stems: HashSet<String>,
    most: usize,
}

impl<'v, 'c> Asked<'v, 'c> {
    pub fn new(
        view: &'v View<'c>,
        text: &str,
        scope: &'v ProjectScope,
        budget: usize,
    ) -> Result<Self> {
        let prepared = Prepared::many_times(view, text, search::active_in(scope))?;
        let stems = prepared.query.terms.iter().map(|term| term.stem.clone()).collect();
        let most = (budget / CHARACTERS_FOR_ONE).clamp(*CONSIDERED.start(), *CONSIDERED.end());
        Ok(Self { view, scope, prepared, stems, most })
    }

    /// Returns the registered project, if one was named.
    fn project(&self) -> Option<&str> {
        self.scope.project.as_ref().map(|project| project.name.as_str())
    }

    /// Returns the matches that pass a filter: those worth an entry, and much weaker ones, which are
    /// for a pack that is nearly empty.
    fn hits(&self, filter: Filter<'_>) -> Result<(Vec<Hit>, Vec<Hit>)> {
        let wanted = SearchRequest { prepared: &self.prepared, filter, most: self.most };
        let hits = search::find(self.view, &wanted)?;
        let best = hits.iter().map(|hit| hit.score).fold(0.0, f64::max);
        Ok(hits.into_iter().partition(|hit| hit.all_words || hit.score >= best * WORTH))
    }

    /// Returns trusted state of the project: facts that the query names first.
    pub fn state(&self) -> Result<BandEntries> {
        let Some(name) = self.project() else { return Ok(BandEntries::default()) };
        let Some(project) = store::projects::find_named(self.view, name)? else {
            return Ok(BandEntries::default());
        };
        let mut facts = store::projects::active_state(self.view, &project.id)?;
        facts.sort_by_cached_key(|fact| {
            let full = format!("{} {} {}", fact.category, fact.key, fact.value);
            Reverse(self.overlap(&full).0)
        });
        let shown = facts.iter().take(self.most * 5);
        let strong = shown.map(|fact| render_state(self.view, fact)).collect::<Result<_>>()?;
        Ok(BandEntries::new(strong))
    }

    /// Returns memories of identity, preferences and adaptations, of the project and global.
    pub fn person(&self) -> Result<BandEntries> {
        let mut found = list_personal(self.view, self.scope, self.most)?;
        self.rank(&mut found);
        Ok(BandEntries::new(render_memories(self.view, &found)?))
    }

    pub fn project_memories(&self) -> Result<BandEntries> {
        let projects = match self.project() {
            Some("") => return Ok(BandEntries::default()),
            Some(name) => Some((name, name)),
            None => None,
        };
        self.memories(projects)
    }

    /// Returns other memories that belong to no project.
    pub fn global_memories(&self) -> Result<BandEntries> {
        // Without a project, the previous band has already searched the global rows.
        if self.project().is_none() {
            return Ok(BandEntries::default());
        }
        self.memories(Some(("", "")))
    }

    /// Returns matching memories that are not in the band of persons.
    fn memories(&self, projects: Option<(&str, &str)>) -> Result<BandEntries> {
        let row_type = "";
        let filter =
            Filter { projects, kind: "memory", row_type, status: "active", expired: false };
        let entries = |hits: Vec<Hit>| {
            let of_row = |hit: Hit| match hit.row {
                FoundRow::Memory(row) if !row.memory_type.is_personal() => Some(row),
                _ => None,
            };
            let mut found: Vec<Memory> = hits.into_iter().filter_map(of_row).collect();
            self.rank(&mut found);
            render_memories(self.view, &found)
        };
        let (strong, weak) = self.hits(filter)?;
        Ok(BandEntries { strong: entries(strong)?, weak: entries(weak)? })
    }

    /// Returns the best matching entities, with their links and open conflicts.
    pub fn engineering(&self) -> Result<BandEntries> {
        let filter = Filter { kind: "entity", ..search::active_in(self.scope) };
        let (strong, weak) = self.hits(filter)?;
        let of_row = |hit: Hit| match hit.row {
            FoundRow::Entity(row) => Some(row),
            _ => None,
        };
        let mut strong: Vec<Entity> =
            strong.into_iter().filter_map(of_row).take(self.most / 2).collect();
        let mut weak: Vec<Entity> =
            weak.into_iter().filter_map(of_row).take(self.most / 2).collect();
        if self.asks_for_state() {
            strong.append(&mut weak);
            self.add_typical(&mut strong)?;
        }
        let entries = |rows: &[Entity]| -> Result<Vec<String>> {
            let marks = RowMarks::of_rows(self.view, rows)?;
            rows.iter().map(|row| self.entity_entry(row, &marks)).collect()
        };
        Ok(BandEntries { strong: entries(&strong)?, weak: entries(&weak)? })
    }

    /// Whether the query asks how a project is doing, and not for a topic in it.
    fn asks_for_state(&self) -> bool {
        self.project().is_some_and(|name| !name.is_empty())
            && STATE_WORDS.iter().any(|word| self.stems.contains(&stem_word(word)))
    }

    /// Adds the first rows of the types by which a project is judged.
    fn add_typical(&self, rows: &mut Vec<Entity>) -> Result<()> {
        for entity_type in TYPICAL {
            let names = &self.scope.names;
            let ids = overview::list_first(self.view, entity_type, names, false, TYPICAL_ROWS)?;
            let fresh = store::entities::get_many(self.view, &ids)?;
            let fresh = fresh.into_iter().filter(|row| !rows.iter().any(|one| one.id == row.id));
            let fresh: Vec<Entity> = fresh.collect();
            rows.extend(fresh);
        }
        Ok(())
    }

    fn entity_entry(&self, row: &Entity, marks: &RowMarks) -> Result<String> {
        let Entity { id, handle, entity_type, name, description, .. } = row;
        let mut line = format!(
            "- {}{entity_type} {handle} {}",
            mark_prefix(&marks.of(id)),
            quote_text(name, ENTRY)
        );
        line.push_str(&Headline::words(&row.properties));
        if !description.is_empty() {
            line.push_str(&format!(": {}", quote_text(description, ENTRY)));
        }
        for (name, value) in short_properties(&row.properties).take(MAX_PROPERTIES) {
            line.push_str(&format!("; {} {}", quote_text(name, ENTRY), quote_text(&value, ENTRY)));
        }
        line.push_str(&reason_words(marks.reasons(id)));
        let (links, total) = store::relationships::list_varied(self.view, id, LINKS)?;
        let mut before = String::new();
        for link in &links {
            let verb = link.relationship_type.as_str();
            let way = if link.outgoing { format!("{verb} ->") } else { format!("<- {verb}") };
            let name = quote_text(&link.name, 80);
            if way == before {
                line.push_str(&format!(", {name}"));
            } else {
                line.push_str(&format!("; {way} {name}"));
                before = way;
            }
        }
        let more = total - links.len() as i64;
        if more > 0 {
            line.push_str(&format!("; {}", count_noun(more, "more link")));
        }
        line.push_str(&conflict_mark(self.view, id)?);
        Ok(line)
    }

    /// Returns chunks of documents, each as its best matching snippet.
    pub fn documents(&self) -> Result<BandEntries> {
        let filter = Filter { kind: "chunk", ..search::active_in(self.scope) };
        let entry = |hit: &Hit| match &hit.row {
            FoundRow::Chunk(row) => {
                let handle = handle_of(self.view, HandleKind::Chunk, &row.id).ok()??;
                let matched = search::match_words(&self.prepared.query, &hit.row);
                let stretch = snippet::plain_snippet(&row.content, &matched.stems, ENTRY - 2);
                let stretch = quote_text(&stretch, ENTRY);
                let place = [row.file_path.as_str(), row.heading_path.as_str()];
                let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
                let place = quote_text(&place.join(" > "), ENTRY);
                Some(format!("- {stretch} (chunk:{handle}, {place})"))
            }
            _ => None,
        };
        let (strong, weak) = self.hits(filter)?;
        let entries = |hits: &[Hit]| hits.iter().filter_map(entry).collect();
        Ok(BandEntries { strong: entries(&strong), weak: entries(&weak) })
    }

    /// Sorts by overlap density, overlap, tags that the query names, and confidence.
    fn rank(&self, memories: &mut Vec<Memory>) {
        let key = |memory: &Memory| {
            let (overlap, words) = self.overlap(&memory.content);
            let density = overlap as f64 / words.max(1) as f64;
            let tags = self.overlap(&memory.domain_tags.join(" ")).0;
            (density, overlap, tags, memory.confidence)
        };
        let mut keyed: Vec<_> = memories.drain(..).map(|memory| (key(&memory), memory)).collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let counts = (b.1, b.2).cmp(&(a.1, a.2));
            b.0.total_cmp(&a.0).then(counts).then(b.3.total_cmp(&a.3))
        });
        memories.extend(keyed.into_iter().map(|(_, memory)| memory));
    }

    /// Returns the number of a text's words that are in the query, and the number of its words.
    fn overlap(&self, text: &str) -> (usize, usize) {
        let words = stems_of(text);
        (words.iter().filter(|stem| self.stems.contains(*stem)).count(), words.len())
    }
}

/// Lists memories of identity, preferences and adaptations, of the projects and global.
pub fn list_personal(view: &View<'_>, scope: &ProjectScope, most: usize) -> Result<Vec<Memory>> {
    let mut found = Vec::new();
    for name in &scope.names {
        found.extend(store::memories::of_persons(view, name.as_deref(), most as i64)?);
    }
    Ok(found)
}

/// Renders active memories as entries.
pub fn render_memories(view: &View<'_>, memories: &[Memory]) -> Result<Vec<String>> {
    let marks = RowMarks::of_rows(view, memories)?;
    let entry = |memory: &Memory| {
        let Memory { id, handle, memory_type, content, .. } = memory;
        let (kind, conflict) = (memory_type.as_str(), conflict_mark(view, id)?);
        let (marked, content) = (mark_prefix(&marks.of(id)), quote_text(content, ENTRY));
        let end = memory.valid_until.as_ref().map(|end| format!(", until {end}"));
        let end = end.unwrap_or_default();
        let reasons = reason_words(marks.reasons(id));
        Ok(format!("- {marked}{content} ({kind}, memory:{handle}{end}){reasons}{conflict}"))
    };
    memories.iter().filter(|memory| memory.status == Status::Active).map(entry).collect()
}

/// Renders an entity: type, id, name and headline.
pub fn name_entity(row: &Entity) -> String {
    let Entity { entity_type, handle, name, properties, .. } = row;
    format!("{entity_type} {handle} {}{}", quote_text(name, NAME), Headline::words(properties))
}

/// Renders a fact of trusted state as an entry.
pub fn render_state(view: &View<'_>, fact: &ProjectState) -> Result<String> {
    let named = quote_text(&format!("{}/{}", fact.category, fact.key), ENTRY);
    let conflict = conflict_mark(view, &fact.id)?;
    Ok(format!("- {named}: {}{conflict}", quote_text(&fact.value, ENTRY)))
}

fn conflict_mark(view: &View<'_>, id: &str) -> Result<String> {
    let mut mark = String::new();
    for shown in conflicts::of_member(view, id)?.iter().take(2) {
        let kind = &shown.conflict.slot_kind;
        mark.push_str(&format!("; OPEN CONFLICT {kind}: {}", render_sides(shown)));
    }
    Ok(mark)
}

/// Renders what the members of a conflict say.
pub fn render_sides(shown: &conflicts::Shown) -> String {
    let said = shown.members.iter().take(3);
    let said = said.map(|detail| quote_text(&detail.member.value_snapshot, 60));
    said.collect::<Vec<_>>().join(" against ")
}
