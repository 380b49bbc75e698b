//! `project_overview`: a Markdown page about a project, built from other answers.
//!
//! The same data gives the same bytes: no timestamps, and everything is sorted by name, then id.
//! Stored text is escaped, on one line, and never at the start of a line.

mod gap_sections;
mod lines;
mod page;
mod sections;

use self::page::OverviewPage;
use super::{CheckedQuestion, QuestionResult, read_page};
use crate::model::{Error, Hint, NextStep, Result};
use crate::store::View;

/// Characters of a page. Scripts other than Latin take more bytes, so their characters cost more:
/// the limit on answers never truncates a page.
const MAX_PAGE: usize = 12_000;

pub fn answer_project_overview(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let Some(project) = &ask.scope.project else {
        return Err(Error::invalid(
            "project",
            "project_overview is about one project",
            Hint::new("Give its name.", NextStep::ListProjects),
        ));
    };
    let mut page = OverviewPage::default();
    for write in sections::ALL {
        write(view, ask, project, &mut page)?;
    }
    let found = QuestionResult::new(read_page(view, ask, Vec::new())?);
    Ok(QuestionResult { markdown: Some(page.render(MAX_PAGE)), ..found })
}
