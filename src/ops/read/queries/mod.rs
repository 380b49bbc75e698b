//! The named questions that the store answers.
//!
//! A question takes its validated arguments ([`CheckedQuestion`]) and returns a page of rows with
//! counts ([`QuestionResult`]). A new question needs a function, a line in `dispatch_question`, and
//! its arguments in `model/question.rs`.

mod changes_since;
mod checked;
mod constraints_on;
pub mod coverage;
mod decision_history;
mod decisions_affecting;
mod evidence_chain;
pub mod gaps;
mod impact_analysis;
mod inherited_links;
mod interfaces_of;
mod project_overview;
mod recent_changes;
mod requirements_for;
mod rows;
mod subsystem_contents;
mod suspect_links;
mod system_map;
mod walk;

use self::coverage::find_requirements;
use self::gaps::find_gaps;
use crate::model::{Question, Result};
use crate::store::View;

pub use checked::{CheckedQuestion, QuestionArgs};
pub use rows::{
    QuestionResult, QuestionRow, SortedRow, Subject, at_depth, node_brief, read_page, skip_past,
    sort_key,
};

/// Answers a question; returns its resolved arguments with the result.
pub fn answer_question(
    view: &View<'_>,
    wish: &QuestionArgs<'_>,
) -> Result<(CheckedQuestion, QuestionResult)> {
    let ask = CheckedQuestion::new(view, wish)?;
    let found = match ask.idle() {
        Some(note) => QuestionResult {
            note: Some(note),
            ..QuestionResult::new(read_page(view, &ask, Vec::new())?)
        },
        None => dispatch_question(view, &ask)?,
    };
    Ok((ask, found))
}

/// Calls the module of the question.
fn dispatch_question(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    match ask.question {
        Question::SystemMap => system_map::answer_system_map(view, ask),
        Question::SubsystemContents => subsystem_contents::answer_subsystem_contents(view, ask),
        Question::InterfacesOf => interfaces_of::answer_interfaces_of(view, ask),
        Question::RequirementsFor => requirements_for::answer_requirements_for(view, ask),
        Question::ConstraintsOn => constraints_on::answer_constraints_on(view, ask),
        Question::DecisionsAffecting => decisions_affecting::answer_decisions_affecting(view, ask),
        Question::DecisionHistory => decision_history::answer_decision_history(view, ask),
        Question::RecentChanges => recent_changes::answer_recent_changes(view, ask),
        Question::ChangesSince => changes_since::answer_changes_since(view, ask),
        Question::ImpactAnalysis => impact_analysis::answer_impact_analysis(view, ask),
        Question::EvidenceChain => evidence_chain::answer_evidence_chain(view, ask),
        Question::OrphanRequirements
        | Question::RiskyDecisions
        | Question::UnsupportedClaims
        | Question::UnderivedRequirements
        | Question::Unrequested
        | Question::AllGaps => find_gaps(view, ask),
        Question::SuspectLinks => suspect_links::answer_suspect_links(view, ask),
        Question::ValidationStatus => find_requirements(view, ask, true),
        Question::TraceabilityMatrix => find_requirements(view, ask, false),
        Question::ProjectOverview => project_overview::answer_project_overview(view, ask),
    }
}
