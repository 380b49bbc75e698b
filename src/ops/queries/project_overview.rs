//! `project_overview`: a page about a project, in Markdown, made from the other answers.
//!
//! The same data gives the same bytes: there is no clock in it, and everything is sorted by name and
//! then by id. Stored text stands escaped, on one line, behind something of ours.

mod sections;

use super::{CheckedQuestion, QuestionResult, read_page};
use crate::model::{Error, Hint, NextStep, Result};
use crate::store::View;

/// Characters of a page. Other scripts than Latin take more bytes, so a character of theirs costs
/// more: a page is never cut by the bound on answers.
const MAX_PAGE: usize = 12_000;
/// Of these, kept for how to go on.
const END: usize = 600;

pub fn answer_project_overview(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let Some(project) = &ask.scope.project else {
        return Err(Error::invalid(
            "project",
            "project_overview is about one project",
            Hint::new("Give its name.", NextStep::ListProjects),
        ));
    };
    let mut page = OverviewPage { text: String::new(), left: MAX_PAGE - END };
    for write in sections::ALL {
        write(view, ask, project, &mut page)?;
    }
    let found = QuestionResult::new(read_page(view, ask, Vec::new())?);
    Ok(QuestionResult { markdown: Some(page.text), ..found })
}

/// The page as far as it is written.
struct OverviewPage {
    text: String,
    left: usize,
}

/// A list on the page.
struct OverviewSection {
    title: &'static str,
    /// What is said before the list.
    intro: Vec<String>,
    lines: Vec<String>,
    /// How many there are; more than lines if only the first are here.
    total: i64,
    /// How much of the page it may take.
    share: usize,
}

impl OverviewPage {
    fn add(&mut self, line: &str) {
        self.left = self.left.saturating_sub(line_cost(line));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a section unless there is nothing in it: as many of its lines as fit, and how many do not.
    fn section(&mut self, section: OverviewSection) {
        if section.intro.is_empty() && section.lines.is_empty() {
            return;
        }
        let mut room = section.share.min(self.left);
        self.add(&format!("\n## {}\n", section.title));
        for line in &section.intro {
            room = room.saturating_sub(line_cost(line));
            self.add(line);
        }
        if !section.intro.is_empty() && !section.lines.is_empty() {
            self.add("");
        }
        let mut shown = 0;
        for line in &section.lines {
            if line_cost(line) > room {
                break;
            }
            room -= line_cost(line);
            self.add(line);
            shown += 1;
        }
        if section.total > shown {
            self.add(&format!("- … and {} more", section.total - shown));
        }
    }
}

/// What a line takes of the page: its characters, or half of its bytes in an answer.
fn line_cost(line: &str) -> usize {
    let escapes = line.bytes().filter(|byte| matches!(byte, b'\\' | b'"')).count();
    line.chars().count().max((line.len() + escapes) / 2) + 1
}
