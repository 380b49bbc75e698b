//! Rows of the review queue in answers: their contents, origin, similar rows and conflicts.

use serde::Serialize;
use serde_json::{Map, Value};

use super::bound::shorten_text;
use super::ids;
use super::memories::{MemoryView, SimilarMemory};
use super::queued_links::QueuedLink;
use super::revisions::{RevisionView, describe_difference, difference_line, show_added_refs};
use super::rows::{EntityBrief, EntityView, LINE_TEXT, RelationshipView, all_quoted};
use super::uids::UidHolderView;
use super::{Detail, is_zero};
use crate::model::mark::{MarkReason, reason_words};
use crate::model::revision::FieldDifference;
use crate::model::text::quote_text;
use crate::model::{Memory, Result};
use crate::ops::read::candidates::{Candidate, ExpectedConflict, QueuedRow};
use crate::ops::read::link_effects::LinkEffect;
use crate::ops::read::marks::RowMarks;
use crate::store::View;

/// Maximum characters of a cited text.
const MAX_CITED: usize = 240;
/// Maximum characters of the content of a memory in a concise row.
const MAX_CONTENT: usize = 400;

/// A row of the review queue.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CandidateView {
    Entity(CandidateRow<EntityView, EntityBrief>),
    Memory(CandidateRow<MemoryView, SimilarMemory>),
    Revision(RevisionView),
    Relationship(CandidateLink),
}

/// A candidate link, with both ends.
#[derive(Serialize)]
pub struct CandidateLink {
    #[serde(flatten)]
    row: RelationshipView,
    #[serde(flatten)]
    origin: OriginView,
    ends: Vec<EntityBrief>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_conflict: Vec<ExpectedView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_change: Vec<EffectView>,
}

/// An entity of which the promotion of a link would change the verdict or the marks.
#[derive(Serialize)]
struct EffectView {
    #[serde(flatten)]
    row: EntityBrief,
    /// Now, and after the promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    new_marks: Vec<MarkReason>,
}

impl EffectView {
    /// Returns nothing if the row has the marks already.
    fn new(view: &View<'_>, effect: &LinkEffect, marks: &RowMarks) -> Result<Option<Self>> {
        let LinkEffect { row, verdict, marks: reasons } = effect;
        let known = marks.of(&row.id);
        let mut new_marks = reasons.clone();
        new_marks.retain(|reason| !known.contains(&reason.mark));
        if verdict.is_none() && new_marks.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            row: EntityBrief::new(view, row, marks, None)?,
            verdict: verdict.map(|(now, then)| [now.name(), then.name()]),
            new_marks,
        }))
    }

    fn line(&self) -> String {
        let verdict = self.verdict.map(|[now, then]| format!("; verdict {now} → {then}"));
        format!(
            "  promotion would change: {}{}{}",
            self.row.line(),
            verdict.unwrap_or_default(),
            reason_words(&self.new_marks)
        )
    }
}

impl CandidateLink {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}{}", self.row.line(), self.origin.suffix())];
        let ends = ["from", "to"].iter().zip(&self.ends);
        lines.extend(ends.map(|(word, end)| format!("  {word} {}", end.line())));
        if !self.row.source_refs.is_empty() {
            lines.push(format!("  sources {}", all_quoted(&self.row.source_refs)));
        }
        lines.extend(self.origin.cited_lines());
        lines.extend(self.would_conflict.iter().map(ExpectedView::line));
        lines.extend(self.would_change.iter().map(EffectView::line));
        lines
    }
}

/// A candidate with the facts on which a decision about it rests.
#[derive(Serialize)]
pub struct CandidateRow<R, B> {
    #[serde(flatten)]
    row: R,
    #[serde(flatten)]
    origin: OriginView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<B>,
    /// Conflicts that its promotion would open or join.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_conflict: Vec<ExpectedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_holder: Option<HolderView>,
    /// Its links, which count with its promotion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<QueuedLink>,
}

/// The active row that holds the uid of a candidate, and how the candidate differs from it.
#[derive(Serialize)]
struct HolderView {
    #[serde(flatten)]
    holder: UidHolderView,
    /// By field: was and proposed.
    #[serde(skip_serializing_if = "Map::is_empty")]
    changes: Map<String, Value>,
    #[serde(skip)]
    differences: Vec<FieldDifference>,
}

/// The origin of a candidate: who proposed it, when and why, and the texts that it cites.
#[derive(Serialize)]
struct OriginView {
    #[serde(skip_serializing_if = "String::is_empty")]
    actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(skip_serializing_if = "is_zero")]
    age_days: i64,
    /// By reference.
    #[serde(skip_serializing_if = "Map::is_empty")]
    cited: Map<String, Value>,
}

/// A conflict that a promotion would open or join.
#[derive(Serialize)]
struct ExpectedView {
    slot_kind: String,
    slot_key: String,
    value: String,
    others: Vec<OtherSide>,
}

#[derive(Serialize)]
struct OtherSide {
    id: String,
    value: String,
}

impl CandidateView {
    pub fn new(
        view: &View<'_>,
        queued: &QueuedRow,
        marks: &RowMarks,
        detail: Detail,
    ) -> Result<Self> {
        let expected = queued.expected.iter().map(|one| ExpectedView::new(view, one));
        let would_conflict = expected.collect::<Result<Vec<_>>>()?;
        let origin = OriginView::new(view, queued)?;
        let uid_holder = HolderView::new(view, queued)?;
        Ok(match &queued.candidate {
            Candidate::Entity { row, similar } => Self::Entity(CandidateRow {
                row: EntityView::new(view, row, marks, detail)?,
                origin,
                similar: list_briefs(similar, |other| {
                    EntityBrief::new(view, other, marks, Some(&row.project))
                })?,
                would_conflict,
                uid_holder,
                relationships: QueuedLink::list(view, queued, &row.id, marks)?,
            }),
            Candidate::Memory { row, similar } => Self::Memory(CandidateRow {
                row: memory_view(view, row, marks, detail)?,
                origin,
                similar: list_briefs(similar, |other| SimilarMemory::new(view, other, marks, row))?,
                would_conflict,
                uid_holder,
                relationships: Vec::new(),
            }),
            Candidate::Revision(row) => Self::Revision(RevisionView::new(view, row)?),
            Candidate::Relationship { row, ends } => Self::Relationship(CandidateLink {
                row: RelationshipView::new(view, row)?,
                origin,
                ends: list_briefs(ends, |end| EntityBrief::new(view, end, marks, None))?,
                would_conflict,
                would_change: list_briefs(&queued.effects, |one| {
                    EffectView::new(view, one, marks)
                })?
                .into_iter()
                .flatten()
                .collect(),
            }),
        })
    }

    /// Renders the row with its contents.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self {
            Self::Revision(row) => return row.lines(),
            Self::Relationship(link) => return link.lines(),
            Self::Entity(CandidateRow {
                row,
                origin,
                similar,
                would_conflict,
                uid_holder,
                relationships,
            }) => {
                lines.push(format!("{}{}", row.line(), origin.suffix()));
                lines.extend(row.content_lines());
                lines.extend(relationships.iter().map(QueuedLink::line));
                lines.extend(origin.cited_lines());
                lines.extend(similar.iter().map(|other| format!("  similar: {}", other.line())));
                let holder = uid_holder.iter();
                lines.extend(holder.flat_map(|one| one.lines(&row.entity_id)));
                lines.extend(would_conflict.iter().map(ExpectedView::line));
            }
            Self::Memory(CandidateRow {
                row, origin, similar, would_conflict, uid_holder, ..
            }) => {
                lines.push(format!("{}{}", row.line(), origin.suffix()));
                lines.extend(row.content_lines());
                lines.extend(origin.cited_lines());
                lines.extend(similar.iter().map(|other| format!("  {}", other.line())));
                let holder = uid_holder.iter();
                lines.extend(holder.flat_map(|one| one.lines(&row.memory_id)));
                lines.extend(would_conflict.iter().map(ExpectedView::line));
            }
        }
        lines
    }
}

/// Shows a memory; with detail concise a long content is cut, so that a page fits its rows.
fn memory_view(
    view: &View<'_>,
    row: &Memory,
    marks: &RowMarks,
    detail: Detail,
) -> Result<MemoryView> {
    let mut shown = MemoryView::new(view, row, marks, detail)?;
    if detail == Detail::Concise {
        shown.content = shorten_text(&row.content, MAX_CONTENT).into_owned();
    }
    Ok(shown)
}

/// Reads the marks of the candidates on a page and of the rows similar to them.
pub fn read_marks(view: &View<'_>, queue: &[QueuedRow]) -> Result<RowMarks> {
    let (mut entities, mut memories) = (Vec::new(), Vec::new());
    for queued in queue {
        match &queued.candidate {
            Candidate::Entity { row, similar } => {
                entities.extend(similar.iter().chain([row]));
                entities.extend(queued.links.iter().map(|(_, other)| other));
            }
            Candidate::Memory { row, similar } => memories.extend(similar.iter().chain([row])),
            Candidate::Relationship { ends, .. } => {
                entities.extend(ends);
                entities.extend(queued.effects.iter().map(|effect| &effect.row));
            }
            Candidate::Revision(_) => {}
        }
    }
    Ok(RowMarks::of_rows(view, entities)?.and(RowMarks::of_rows(view, memories)?))
}

fn list_briefs<R, B>(rows: &[R], brief: impl Fn(&R) -> Result<B>) -> Result<Vec<B>> {
    rows.iter().map(brief).collect()
}

impl HolderView {
    fn new(view: &View<'_>, queued: &QueuedRow) -> Result<Option<Self>> {
        let Some((holder, differences)) = &queued.uid_holder else { return Ok(None) };
        let mut differences = differences.clone();
        for difference in &mut differences {
            show_added_refs(view, difference)?;
        }
        Ok(Some(Self {
            holder: UidHolderView::new(holder),
            changes: differences.iter().map(describe_difference).collect(),
            differences,
        }))
    }

    fn lines(&self, handle: &str) -> Vec<String> {
        let mut lines = vec![format!("  {}", self.holder.line(handle))];
        lines.extend(self.differences.iter().map(|one| format!("  {}", difference_line(one))));
        lines
    }
}

impl OriginView {
    fn new(view: &View<'_>, queued: &QueuedRow) -> Result<Self> {
        let mut cited = Map::new();
        for (reference, text) in &queued.cited {
            let shown = ids::shown_refs(view, std::slice::from_ref(reference))?.pop();
            let text = shorten_text(text, MAX_CITED).into_owned();
            cited.insert(shown.unwrap_or_default(), text.into());
        }
        let origin = queued.origin.as_ref();
        Ok(Self {
            actor: origin.map(|entry| entry.actor.clone()).unwrap_or_default(),
            note: origin.map(|entry| entry.note.clone()).unwrap_or_default(),
            age_days: queued.age_days,
            cited,
        })
    }

    fn cited_lines(&self) -> impl Iterator<Item = String> {
        self.cited.iter().map(|(reference, text)| {
            let text = quote_text(text.as_str().unwrap_or_default(), MAX_CITED);
            format!("  {reference} says {text}")
        })
    }

    /// Renders who proposed the row, when and why, for the end of its line.
    fn suffix(&self) -> String {
        let age = match self.age_days {
            0 => String::new(),
            1 => ", 1 day ago".to_owned(),
            days => format!(", {days} days ago"),
        };
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!(", because {}", quote_text(note, LINE_TEXT)),
        };
        let actor = match self.actor.as_str() {
            "" => String::new(),
            actor => format!(" by {}", quote_text(actor, 80)),
        };
        format!("{actor}{age}{note}")
    }
}

impl ExpectedView {
    fn new(view: &View<'_>, expected: &ExpectedConflict) -> Result<Self> {
        let others = expected.sides().map(|(kind, id, value)| {
            let id = ids::shown_id(view, kind, Some(id))?.unwrap_or_default();
            Ok(OtherSide { id, value: shorten_text(value, LINE_TEXT).into_owned() })
        });
        Ok(Self {
            slot_kind: expected.slot_kind.clone(),
            slot_key: expected.slot_key.clone(),
            value: shorten_text(&expected.value, LINE_TEXT).into_owned(),
            others: others.collect::<Result<_>>()?,
        })
    }

    fn line(&self) -> String {
        let others = self
            .others
            .iter()
            .map(|OtherSide { id, value }| format!("{id} says {}", quote_text(value, LINE_TEXT)));
        format!(
            "  promotion would conflict: {} {} {}, but {}",
            self.slot_kind,
            quote_text(&self.slot_key, LINE_TEXT),
            quote_text(&self.value, LINE_TEXT),
            others.collect::<Vec<_>>().join(", ")
        )
    }
}
