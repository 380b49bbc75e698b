//! Creates, updates and reads entities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, ReadOperation, WriteOperation};
use crate::app::present::bound::shorten_text;
use crate::app::present::conflicts::ConflictView;
use crate::app::present::rows::{
    CONCISE_TEXT, EntityBrief, EntityView, FULL_TEXT, LINE_TEXT, ProjectUsed, RelationshipView,
    all_quoted, entity_briefs,
};
use crate::app::present::text::{Paging, Text};
use crate::app::present::uids::UidHolderView;
use crate::app::present::{Detail, ids, is_zero};
use crate::model::text::{count_noun, quote_text};
use crate::model::{Entity, Kind, List, NextStep, PageRequest, Result, Status};
use crate::ops::read::lookup::{self, EntityQuery, list_former_names};
use crate::ops::write::entities::NewEntity;
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows;
use crate::ops::write::relationships::LinkOutcome;
use crate::ops::write::{conflicts, entities, projects};
use crate::store::relationships::{Neighbour, list_around};
use crate::store::{Tx, View};

/// Creates an entity with its relationships.
pub struct CreateEntity;

/// A new entity, or an equivalent existing one.
#[derive(Serialize, JsonSchema)]
pub struct CreatedEntity {
    entity: EntityView,
    created: bool,
    /// Links created with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<LinkResult>,
    /// Other entities of the same type, name and project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<EntityBrief>,
    /// Given fields whose values differ in the existing row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differing: Vec<String>,
    /// The active row that holds its uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_holder: Option<UidHolderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

/// A relationship, and whether this call created it.
#[derive(Serialize, JsonSchema)]
pub struct LinkResult {
    relationship_id: String,
    created: bool,
    #[serde(skip)]
    line: String,
}

impl LinkResult {
    pub fn new(view: &View<'_>, link: &LinkOutcome) -> Result<Self> {
        let line = RelationshipView::new(view, &link.row)?.line();
        Ok(Self { relationship_id: link.row.handle.clone(), created: link.changed, line })
    }

    pub fn line(&self) -> String {
        self.line.clone()
    }
}

impl Operation for CreateEntity {
    type Args = NewEntity;
    type Output = CreatedEntity;
    const ABOUT: About = About::new(
        "create_entity",
        "Create entity",
        Effect::Adds,
        "Record a typed fact, such as a requirement, decision or component, with its sources and links, as a candidate. To correct one use \
         update_entity.",
    )
    .decides(Decision::Argument("status"));
}

impl WriteOperation for CreateEntity {
    fn run(tx: &Tx<'_>, new: NewEntity, note: &str) -> Result<Written<CreatedEntity>> {
        let made = entities::create(tx, &new, note)?;
        let project = projects::resolve(tx, new.project.as_deref().unwrap_or_default())?;
        let next = next_step(&made.row, &made.differing);
        let links = made.links.iter().map(|link| LinkResult::new(tx, link));
        let output = CreatedEntity {
            entity: EntityView::alone(tx, &made.row, Detail::Concise)?,
            created: made.created,
            relationships: links.collect::<Result<_>>()?,
            similar: entity_briefs(tx, &made.similar, &made.row.project)?,
            uid_holder: made.uid_holder.as_ref().map(UidHolderView::new),
            differing: made.differing.iter().map(|field| (*field).to_owned()).collect(),
            project_used: ProjectUsed::if_new(&project),
        };
        let registration = output.project_used.as_ref().map(ProjectUsed::registration);
        Ok(Written::new(output, made.audit_id, NextStep::join_steps(next, registration)))
    }
}

impl Output for CreatedEntity {
    fn write_text(&self, text: &mut Text) {
        let word = if self.created { "created" } else { "already there:" };
        text.line(format!("{word} {}", self.entity.line()));
        text.lines(self.uid_holder.iter().map(|holder| holder.line(&self.entity.entity_id)));
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.lines(self.relationships.iter().map(LinkResult::line));
        text.list("similar", &self.similar, |other| Some(format!("similar: {}", other.line())));
        text.lines(differing_line(&self.differing));
    }
}

/// Names the fields whose values differ in the existing row.
pub fn differing_line(differing: &[String]) -> Option<String> {
    let fields = differing.join(", ");
    (!differing.is_empty())
        .then(|| format!("not taken over: {fields}, which the existing row holds differently"))
}

/// Returns the next step after an entity was created or updated.
fn next_step(row: &Entity, differing: &[&'static str]) -> Option<NextStep> {
    next_step_of(Kind::Entity, row.handle.clone(), row.status, differing)
}

/// Returns the next step after a row was created or updated; `None` if there is nothing to do.
pub fn next_step_of(
    kind: Kind,
    id: String,
    status: Status,
    differing: &[&'static str],
) -> Option<NextStep> {
    if !differing.is_empty() {
        let fields = differing.iter().map(|field| (*field).to_owned()).collect();
        return Some(NextStep::UpdateFields { kind, id, fields });
    }
    (status == Status::Candidate).then_some(NextStep::PromoteRow { kind, id })
}

/// An entity after an update.
#[derive(Serialize, JsonSchema)]
pub struct ChangedEntity {
    pub entity: EntityView,
    pub changed: bool,
    /// The candidate that joined the entity, which says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
}

impl ChangedEntity {
    pub fn new(view: &View<'_>, outcome: LifecycleOutcome<Entity>) -> Result<Self> {
        let entity = EntityView::alone(view, &outcome.row, Detail::Concise)?;
        Ok(Self { entity, changed: outcome.changed, joined: outcome.joined })
    }

    pub fn written(view: &View<'_>, outcome: LifecycleOutcome<Entity>) -> Result<Written<Self>> {
        let (next, audit_id) = (next_step(&outcome.row, &[]), outcome.audit_id.clone());
        Ok(Written::new(Self::new(view, outcome)?, audit_id, next))
    }
}

impl Output for ChangedEntity {
    fn write_text(&self, text: &mut Text) {
        text.line(change_line(self.joined.as_deref(), self.changed, &self.entity.line()));
    }
}

/// Returns the line of a changed row, or of one that a candidate joined.
pub fn change_line(joined: Option<&str>, changed: bool, row: &str) -> String {
    match (joined, changed) {
        (Some(candidate), true) => format!("joined candidate {candidate} to {row}"),
        (Some(candidate), false) => {
            format!("joined candidate {candidate}, which adds nothing, to {row}")
        }
        (None, true) => format!("changed {row}"),
        (None, false) => format!("unchanged {row}"),
    }
}

/// Reads one entity.
pub struct GetEntity;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetEntityArgs {
    entity_id: Option<String>,
    name: Option<String>,
    entity_type: Option<String>,
    project: Option<String>,
    /// concise cuts long texts.
    #[serde(default)]
    detail: Detail,
    /// Also what is not active.
    #[serde(default)]
    include_inactive: bool,
    /// Relationships a page, 1-200; default 20.
    limit: Option<u32>,
    cursor: Option<String>,
}

impl GetEntityArgs {
    /// The arguments that read the entity with an id.
    pub fn of_id(id: &str, detail: Detail, include_inactive: bool) -> Self {
        Self { entity_id: Some(id.to_owned()), detail, include_inactive, ..Self::default() }
    }

    /// The same for a page of its links.
    pub fn with_page(self, limit: Option<u32>, cursor: Option<String>) -> Self {
        Self { limit, cursor, ..self }
    }
}

/// An entity with its links, open conflicts and successors.
#[derive(Serialize, JsonSchema)]
pub struct EntityPage {
    entity: EntityView,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
    /// Its earlier names and uids, which lead to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    former_names: Vec<String>,
    /// The entities that superseded it, up to the current one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<EntityBrief>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<ConflictView>,
    /// Links omitted because they ended or lead to inactive entities.
    #[serde(skip_serializing_if = "is_zero")]
    inactive_relationships: i64,
    relationships: Vec<NeighbourView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip)]
    text_limit: usize,
}

/// A link of an entity, with the entity at the other end.
#[derive(Serialize, JsonSchema)]
pub struct NeighbourView {
    /// With detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship_id: Option<String>,
    relationship_type: String,
    /// out: from the entity; in: to it.
    direction: &'static str,
    entity_id: String,
    entity_type: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_status: Option<String>,
}

impl Operation for GetEntity {
    type Args = GetEntityArgs;
    type Output = EntityPage;
    const ABOUT: About = About::new(
        "get_entity",
        "Get entity",
        Effect::Reads,
        "Read one entity by id or unique name, with its relationships, open conflicts and \
         successors.",
    );
}

impl ReadOperation for GetEntity {
    fn run(view: &View<'_>, args: GetEntityArgs) -> Result<EntityPage> {
        // The default project narrows a name, but not an id, which is unique.
        let project = args.project.as_deref().filter(|_| args.entity_id.is_none());
        let entity = lookup::find_entity(
            view,
            &EntityQuery {
                id: args.entity_id.as_deref(),
                name: args.name.as_deref(),
                entity_type: args.entity_type.as_deref(),
                project,
                include_inactive: args.include_inactive,
            },
        )?;
        let inactive = args.include_inactive;
        let page = PageRequest::new(List::Relationships, args.limit, args.cursor.as_deref())?;
        let after = page.after_text(0);
        let (links, total) = list_around(view, &entity.id, inactive, after, page.fetch())?;
        let links = page.page(links, total, |link| vec![link.relationship_id.clone()]);
        let all = if inactive { total } else { list_around(view, &entity.id, true, "", 0)?.1 };
        let (links, paging) = Paging::split(links);
        let open = conflicts::of_member(view, &entity.id)?;
        let used = project.map(|given| projects::resolve(view, given)).transpose()?;
        Ok(EntityPage {
            project_used: used.as_ref().and_then(ProjectUsed::if_new),
            former_names: list_former_names(view, &entity)?,
            chain: entity_briefs(
                view,
                &lifecycle_rows::list_successors(view, &entity)?,
                &entity.project,
            )?,
            conflicts: open
                .iter()
                .map(|one| ConflictView::new(view, one))
                .collect::<Result<_>>()?,
            inactive_relationships: all - total,
            relationships: links
                .iter()
                .map(|link| NeighbourView::new(view, link, args.detail))
                .collect::<Result<_>>()?,
            paging,
            text_limit: if args.detail == Detail::Full { FULL_TEXT } else { CONCISE_TEXT },
            entity: EntityView::alone(view, &entity, args.detail)?,
        })
    }
}

impl Output for EntityPage {
    fn write_text(&self, text: &mut Text) {
        let entity = &self.entity;
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.line(entity.line());
        if !entity.description.is_empty() {
            text.line(format!("description {}", quote_text(&entity.description, FULL_TEXT)));
        }
        if !entity.properties.is_empty() {
            let properties = Value::Object(entity.properties.clone()).to_string();
            text.line(format!("properties {}", shorten_text(&properties, self.text_limit)));
        }
        if !entity.source_refs.is_empty() {
            let sources = all_quoted(&entity.source_refs);
            text.line(format!("sources {}", shorten_text(&sources, self.text_limit)));
        }
        text.lines(entity.identity_line());
        let former = self.former_names.iter();
        text.lines(former.map(|name| format!("formerly {}", quote_text(name, LINE_TEXT))));
        text.list("chain", &self.chain, |newer| Some(format!("superseded by {}", newer.line())));
        text.list("conflicts", &self.conflicts, ConflictView::lines);
        if self.inactive_relationships > 0 {
            let links = count_noun(self.inactive_relationships, "more link");
            text.line(format!("{links}, ended or to inactive entities"));
        }
        text.page("relationships", &self.relationships, &self.paging, |link| vec![link.line()]);
    }

    fn next_step(&self) -> Option<&NextStep> {
        (self.inactive_relationships > 0).then_some(&NextStep::ShowInactiveLinks)
    }
}

impl NeighbourView {
    fn new(view: &View<'_>, link: &Neighbour, detail: Detail) -> Result<Self> {
        let inactive =
            |status: &str| (status != Status::Active.as_str()).then(|| status.to_owned());
        let id = |kind, id| ids::shown_id(view, kind, Some(id)).map(Option::unwrap_or_default);
        Ok(Self {
            relationship_id: match detail {
                Detail::Full => Some(id(Kind::Relationship, &link.relationship_id)?),
                Detail::Concise => None,
            },
            relationship_type: link.relationship_type.clone(),
            direction: if link.outgoing { "out" } else { "in" },
            entity_id: id(Kind::Entity, &link.entity_id)?,
            entity_type: link.entity_type.clone(),
            name: link.name.clone(),
            status: inactive(&link.status),
            entity_status: inactive(&link.entity_status),
        })
    }

    fn line(&self) -> String {
        let arrow = if self.direction == "out" { "→" } else { "←" };
        let state = self.status.as_ref().or(self.entity_status.as_ref());
        let state = state.map(|status| format!(" ({status})")).unwrap_or_default();
        let Self { relationship_type, entity_id, entity_type, name, .. } = self;
        let name = quote_text(name, LINE_TEXT);
        let link = self.relationship_id.as_ref().map(|id| format!(" by {id}")).unwrap_or_default();
        format!("  {arrow} {relationship_type} {entity_type} {entity_id} {name}{state}{link}")
    }
}
