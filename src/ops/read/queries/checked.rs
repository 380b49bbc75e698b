//! A question with its arguments, as given and as validated.

use crate::model::hash::digest;
use crate::model::question::{MAX_DEPTH, QuestionSubject};
use crate::model::{
    Entity, Error, List, PageRequest, Question, ResolvedProject, Result, Status, Timestamp,
};
use crate::ops::past::resolve_since;
use crate::ops::read::lookup::{self, EntityQuery};
use crate::ops::write::projects::{self, ProjectScope};
use crate::store::View;

/// A question with its arguments as given.
#[derive(Debug, Clone, Copy)]
pub struct QuestionArgs<'a> {
    pub question: Question,
    pub project: Option<&'a str>,
    pub entity_id: Option<&'a str>,
    pub name: Option<&'a str>,
    pub entity_type: Option<&'a str>,
    pub depth: Option<u32>,
    pub since: Option<&'a str>,
    pub scope_only: bool,
    pub include_inactive: bool,
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
}

impl<'a> QuestionArgs<'a> {
    /// Creates a question about a project, with defaults for all other arguments.
    pub fn of_project(question: Question, project: &'a str) -> Self {
        Self {
            question,
            project: Some(project),
            entity_id: None,
            name: None,
            entity_type: None,
            depth: None,
            since: None,
            scope_only: false,
            include_inactive: false,
            limit: None,
            cursor: None,
        }
    }
}

/// A question with validated and resolved arguments.
#[derive(Debug, Clone)]
pub struct CheckedQuestion {
    pub question: Question,
    pub scope: ProjectScope,
    /// The entity that the question is about, if any.
    pub entity: Option<Entity>,
    pub depth: u32,
    pub since: Option<Timestamp>,
    /// The audit row after which `changes_since` begins.
    pub since_row: i64,
    pub include_inactive: bool,
    pub page: PageRequest,
}

impl CheckedQuestion {
    pub fn new(view: &View<'_>, wish: &QuestionArgs<'_>) -> Result<Self> {
        check_takes(wish)?;
        let takes = wish.question.takes();
        let depth = match wish.depth {
            Some(depth) if !(1..=MAX_DEPTH).contains(&depth) => {
                return Err(Error::invalid(
                    "depth",
                    format!("{depth} is out of range"),
                    format!("Give a number from 1 to {MAX_DEPTH}."),
                ));
            }
            given => given.or(takes.depth).unwrap_or(MAX_DEPTH),
        };
        let (since, since_row) = match (wish.question, wish.since) {
            (Question::ChangesSince, given) => (None, resolve_since(view, given)?),
            (_, given) => (given.map(parse_instant).transpose()?, 0),
        };
        let entity = asked_about(view, wish)?;
        let scope = projects::resolve_scope(view, wish.project, wish.scope_only)?;
        if let Some(entity) = &entity {
            check_scope(&scope, entity)?;
        }
        let stamp = cursor_stamp(wish, &scope, entity.as_ref(), depth, (since, since_row));
        Ok(Self {
            question: wish.question,
            page: PageRequest::stamped(List::Questions, stamp, wish.limit, wish.cursor)?,
            scope,
            entity,
            depth,
            since,
            since_row,
            include_inactive: wish.include_inactive,
        })
    }

    /// Returns the entity that the question is about.
    pub fn about(&self) -> Result<&Entity> {
        self.entity.as_ref().ok_or_else(|| Error::Internal("asked about nothing".to_owned()))
    }

    /// Returns whether the answer covers rows of this project.
    pub fn covers(&self, project: &str) -> bool {
        self.scope.names.iter().any(|name| name.as_deref().is_none_or(|name| name == project))
    }

    /// Returns why the answer is empty: links of an inactive entity do not count.
    pub fn idle(&self) -> Option<String> {
        let entity = self.entity.as_ref()?;
        let counts = self.include_inactive
            || entity.status == Status::Active
            || self.question == Question::DecisionHistory;
        (!counts).then(|| {
            let status = entity.status.as_str();
            format!("it is {status}, so nothing counts there; include_inactive shows what would")
        })
    }
}

/// Refuses arguments that the question does not take, so that none is silently ignored.
fn check_takes(wish: &QuestionArgs<'_>) -> Result<()> {
    let takes = wish.question.takes();
    let refuse = |field: &str, which: String| {
        let problem = format!("{} does not take it", takes.name);
        Err(Error::invalid(field, problem, format!("Leave it out; it is for {which}.")))
    };
    let named = match (wish.entity_id, wish.name, wish.entity_type) {
        (Some(_), _, _) => Some("entity_id"),
        (_, Some(_), _) => Some("name"),
        (_, _, Some(_)) => Some("entity_type"),
        _ => None,
    };
    match (takes.about, named) {
        (QuestionSubject::Projects, Some(field)) => {
            return refuse(
                field,
                Question::names(|takes| takes.about != QuestionSubject::Projects),
            );
        }
        (QuestionSubject::Entity, None) => {
            return Err(Error::invalid(
                "entity_id",
                format!("{} is about one entity", takes.name),
                "Give entity_id, or name with entity_type and project if it is not unique.",
            ));
        }
        _ => {}
    }
    if wish.depth.is_some() && takes.depth.is_none() {
        return refuse("depth", Question::names(|takes| takes.depth.is_some()));
    }
    if wish.since.is_some() && !takes.since {
        return refuse("since", Question::names(|takes| takes.since));
    }
    Ok(())
}

fn parse_instant(text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| {
        Error::invalid(
            "since",
            format!("{text:?} is not an instant"),
            "Write a date (2026-01-31) or RFC 3339 (2026-01-31T08:00:00Z).",
        )
    })
}

fn asked_about(view: &View<'_>, wish: &QuestionArgs<'_>) -> Result<Option<Entity>> {
    let query = EntityQuery {
        id: wish.entity_id,
        name: wish.name,
        entity_type: wish.entity_type,
        project: wish.project.filter(|_| wish.entity_id.is_none()),
        // Any decision of a history leads to all of it.
        include_inactive: wish.include_inactive || wish.question == Question::DecisionHistory,
    };
    let named = wish.entity_id.is_some() || wish.name.is_some() || wish.entity_type.is_some();
    named.then(|| lookup::find_entity(view, &query)).transpose()
}

/// Refuses an entity of another project, since the answer would omit its own rows.
fn check_scope(scope: &ProjectScope, entity: &Entity) -> Result<()> {
    let Some(ResolvedProject { name, .. }) = &scope.project else { return Ok(()) };
    if entity.project.is_empty() || entity.project == *name {
        return Ok(());
    }
    Err(Error::invalid(
        "entity_id",
        format!("{} is in the project {:?}, not in {name:?}", entity.id, entity.project),
        format!("Give project {:?}.", entity.project),
    ))
}

/// Returns the part of a cursor that identifies the question and its arguments.
fn cursor_stamp(
    wish: &QuestionArgs<'_>,
    scope: &ProjectScope,
    entity: Option<&Entity>,
    depth: u32,
    (since, since_row): (Option<Timestamp>, i64),
) -> String {
    let about = (
        &scope.names,
        entity.map(|entity| &entity.id),
        depth,
        since.map(|since| since.to_string()).or((since_row > 0).then(|| since_row.to_string())),
        wish.include_inactive,
    );
    let digest = digest(format!("{about:?}"));
    format!("{}.{}", wish.question.name(), digest.get(..8).unwrap_or_default())
}
