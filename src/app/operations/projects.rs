//! Projects and their trusted state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::{Output, Written};
use crate::app::operation::{
    About, Decision, Effect, Operation, ReadOperation, Surface, WriteOperation,
};
use crate::app::present::bound::shorten_text;
use crate::app::present::rows::{LINE_TEXT, all_quoted};
use crate::app::present::single_rows::StateView;
use crate::app::present::text::{Paging, Text};
use crate::app::present::{is_false, is_zero};
use crate::model::memory::GraduationCounts;
use crate::model::project::INBOX;
use crate::model::text::{count_noun, quote_text};
use crate::model::{List, PageRequest, Project, ProjectState, Result, Status};
use crate::ops::read::project_counts::{self, Counted, StatusCounts};
use crate::ops::write::projects::{self, MovedRows, Registration, TwinRow};
use crate::ops::write::state::{self, StateChange};
use crate::store::{Tx, View};

/// Lists projects.
pub struct ListProjects;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListProjectsArgs {
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of projects.
#[derive(Serialize, JsonSchema)]
pub struct ProjectList {
    items: Vec<CountedProject>,
    #[serde(flatten)]
    paging: Paging,
}

/// A project with its counts.
#[derive(Serialize, JsonSchema)]
pub struct CountedProject {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    /// Present and false if the name is used but not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    entities: RowCount,
    memories: RowCount,
    #[serde(skip_serializing_if = "GraduationView::is_empty")]
    graduation: GraduationView,
}

#[derive(Serialize, JsonSchema)]
pub struct RowCount {
    pub active: i64,
    pub candidates: i64,
}

impl RowCount {
    pub fn new(counts: StatusCounts) -> Self {
        Self { active: counts.active, candidates: counts.candidates }
    }
}

/// Memories by what becomes of them as entities.
#[derive(Serialize, JsonSchema)]
pub struct GraduationView {
    #[serde(skip_serializing_if = "is_zero")]
    pub graduated: i64,
    /// Active ones that a candidate entity cites.
    #[serde(skip_serializing_if = "is_zero")]
    pub proposed: i64,
    /// Other active ones of a type that graduates.
    #[serde(skip_serializing_if = "is_zero")]
    pub possible: i64,
    /// Active ones of a type that never graduates.
    #[serde(skip_serializing_if = "is_zero")]
    pub never: i64,
}

impl GraduationView {
    pub fn new(counts: GraduationCounts) -> Self {
        let GraduationCounts { graduated, proposed, possible, never } = counts;
        Self { graduated, proposed, possible, never }
    }

    fn is_empty(&self) -> bool {
        self.graduated + self.proposed + self.possible + self.never == 0
    }

    /// Renders the numbers that are not zero.
    fn details(&self) -> String {
        let Self { graduated, proposed, possible, never } = *self;
        let counts = [
            (graduated, "graduated"),
            (proposed, "proposed as entities"),
            (possible, "could graduate"),
            (never, "never will"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        if counts.is_empty() { String::new() } else { format!("; memories: {}", counts.join(", ")) }
    }
}

impl Operation for ListProjects {
    type Args = ListProjectsArgs;
    type Output = ProjectList;
    const ABOUT: About = About::new(
        "list_projects",
        "List projects",
        Effect::Reads,
        "Canonical project names with aliases and counts. Use it to learn which name to pass as \
         project.",
    );
}

impl ReadOperation for ListProjects {
    fn run(view: &View<'_>, args: ListProjectsArgs) -> Result<ProjectList> {
        let request = PageRequest::new(List::Projects, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(project_counts::list(view, &request)?);
        let items = rows.into_iter().map(CountedProject::new);
        Ok(ProjectList { items: items.collect(), paging })
    }
}

impl Output for ProjectList {
    fn write_text(&self, text: &mut Text) {
        text.page("items", &self.items, &self.paging, CountedProject::lines);
    }
}

impl CountedProject {
    pub fn new(counted: Counted) -> Self {
        let registered = counted.project.is_some() || counted.name == INBOX;
        let (entities, memories) = (counted.entities, counted.memories);
        let row = counted.project.as_ref();
        Self {
            name: counted.name,
            project_id: row.map(|row| row.handle.clone()),
            registered: (!registered).then_some(false),
            description: row.map(|row| row.description.clone()).unwrap_or_default(),
            aliases: row.map(|row| row.aliases.clone()).unwrap_or_default(),
            entities: RowCount::new(entities),
            memories: RowCount::new(memories),
            graduation: GraduationView::new(counted.graduation),
        }
    }

    pub fn lines(&self) -> Vec<String> {
        let unknown = if self.registered.is_none() { "" } else { " (not registered)" };
        vec![format!(
            "project {}{unknown}{}: {}, {}, {}{}",
            quote_text(&self.name, LINE_TEXT),
            list_aliases(&self.aliases),
            count_noun(self.entities.active, "entity"),
            count_noun(self.memories.active, "memory"),
            count_noun(self.entities.candidates + self.memories.candidates, "candidate"),
            self.graduation.details(),
        )]
    }
}

fn list_aliases(aliases: &[String]) -> String {
    if aliases.is_empty() { String::new() } else { format!(", also {}", all_quoted(aliases)) }
}

/// Registers a project, or adds aliases to one.
pub struct RegisterProject;

/// A project after its registration.
#[derive(Serialize, JsonSchema)]
pub struct RegisteredProject {
    project: ProjectView,
    created: bool,
    changed: bool,
    #[serde(flatten)]
    moved: MovedView,
}

/// Rows that moved to the canonical name of a project.
#[derive(Serialize, JsonSchema)]
pub struct MovedView {
    moved: usize,
    /// Moved rows that say the same as another row of the project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    twins: Vec<TwinView>,
}

/// A moved row and the row that says the same.
#[derive(Serialize, JsonSchema)]
struct TwinView {
    kind: &'static str,
    id: String,
    other_id: String,
    status: Status,
    name: String,
}

impl MovedView {
    pub fn new(moved: MovedRows) -> Self {
        let twins = moved.twins.into_iter().map(|twin| {
            let TwinRow { kind, id, other, status, name } = twin;
            let name = shorten_text(&name, LINE_TEXT).into_owned();
            TwinView { kind: kind.as_str(), id, other_id: other, status, name }
        });
        Self { moved: moved.count, twins: twins.collect() }
    }

    /// Renders the number of moved rows after the line of their project, and the twins.
    pub fn write_text(&self, text: &mut Text, project: &str) {
        text.line(format!("{project}; {} moved to it", count_noun(self.moved, "row")));
        text.list("twins", &self.twins, |TwinView { kind, id, other_id, status, name }| {
            let name = quote_text(name, LINE_TEXT);
            Some(format!("twins: {status} {kind} {id} says the same as {other_id}: {name}"))
        });
    }
}

#[derive(Serialize, JsonSchema)]
pub struct ProjectView {
    project_id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

impl Operation for RegisterProject {
    type Args = Registration;
    type Output = RegisteredProject;
    const ABOUT: About = About::new(
        "register_project",
        "Register project",
        Effect::Adds,
        "Register a canonical project name, or add aliases; rows stored under an alias move to it.",
    )
    .on(Surface::OnRequest);
}

impl WriteOperation for RegisterProject {
    fn run(tx: &Tx<'_>, args: Registration, note: &str) -> Result<Written<RegisteredProject>> {
        let done = projects::register_project(tx, &args, note)?;
        let (created, changed) = (done.created, done.audit_id.is_some());
        let (project, moved) = (ProjectView::new(done.row), MovedView::new(done.moved));
        let output = RegisteredProject { project, created, changed, moved };
        Ok(Written::new(output, done.audit_id, None))
    }
}

impl ProjectView {
    pub fn new(row: Project) -> Self {
        let Project { handle, name, description, aliases, .. } = row;
        Self { project_id: handle, name, description, aliases }
    }

    pub fn line(&self) -> String {
        let Self { project_id, name, aliases, .. } = self;
        format!("project {project_id} {}{}", quote_text(name, LINE_TEXT), list_aliases(aliases))
    }
}

impl Output for RegisteredProject {
    fn write_text(&self, text: &mut Text) {
        let word = match (self.created, self.changed) {
            (true, _) => "registered",
            (false, true) => "changed",
            (false, false) => "known",
        };
        self.moved.write_text(text, &format!("{word} {}", self.project.line()));
    }
}

/// Sets trusted state.
pub struct SetProjectState;

/// Trusted state after a change.
#[derive(Serialize, JsonSchema)]
pub struct ChangedState {
    project_state: StateView,
    changed: bool,
    /// Its value before, if that was another one or had ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousState>,
    /// Whether the project was registered by this call.
    #[serde(skip_serializing_if = "is_false")]
    project_registered: bool,
}

/// The fact before a change.
#[derive(Serialize, JsonSchema)]
struct PreviousState {
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    status: String,
}

impl PreviousState {
    fn line(&self) -> String {
        let Self { value, source, status } = self;
        let source = match source.as_str() {
            "" => String::new(),
            source => format!(" from {}", quote_text(source, LINE_TEXT)),
        };
        format!("  before: {}{source} ({status})", quote_text(value, LINE_TEXT))
    }
}

impl Operation for SetProjectState {
    type Args = StateChange;
    type Output = ChangedState;
    const ABOUT: About = About::new(
        "set_project_state",
        "Set project state",
        Effect::Replaces,
        "Set a trusted fact of a project, only at a person's word: it outranks everything else. \
         end: true ends it.",
    )
    .decides(Decision::Everything)
    .on(Surface::OnRequest);
}

impl WriteOperation for SetProjectState {
    fn run(tx: &Tx<'_>, args: StateChange, note: &str) -> Result<Written<ChangedState>> {
        let done = state::set_state(tx, &args, note)?;
        let (changed, project_registered) = (done.changed, done.registered);
        let of_row = |row: &ProjectState| (row.value.clone(), row.source.clone(), row.is_active());
        let before = done.before.filter(|before| changed && of_row(before) != of_row(&done.row));
        let previous = before.map(|before| {
            let ProjectState { value, source, status, .. } = before;
            PreviousState { value, source, status }
        });
        let project_state = StateView::new(done.row, done.project.name);
        let output = ChangedState { project_state, changed, previous, project_registered };
        Ok(Written::new(output, done.audit_id, None))
    }
}

impl Output for ChangedState {
    fn write_text(&self, text: &mut Text) {
        if self.project_registered {
            let project = quote_text(&self.project_state.project, LINE_TEXT);
            text.line(format!("registered the new project {project}"));
        }
        let word = if self.changed { "" } else { "unchanged " };
        text.line(format!("{word}{}", self.project_state.line()));
        text.lines(self.previous.as_ref().map(PreviousState::line));
    }
}
