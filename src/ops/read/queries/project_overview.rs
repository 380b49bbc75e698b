//! `project_overview`: a Markdown page about a project, built from other answers.
//!
//! The same data gives the same bytes: no timestamps, and everything is sorted by name, then id.
//! Stored text is escaped, on one line, and never at the start of a line.

mod lines;
mod sections;

use super::{CheckedQuestion, QuestionResult, read_page};
use crate::model::{Error, Hint, NextStep, Result};
use crate::store::View;

/// Characters of a page. Scripts other than Latin take more bytes, so their characters cost more:
/// the limit on answers never truncates a page.
const MAX_PAGE: usize = 12_000;
/// Characters of these reserved for the hint at how to continue.
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

/// The page as written so far, and the characters left.
struct OverviewPage {
    text: String,
    left: usize,
}

/// A list on the page.
struct OverviewSection {
    title: &'static str,
    /// Lines before the list.
    intro: Vec<String>,
    lines: Vec<String>,
    /// Total number of items; more than lines if only the first are included.
    total: i64,
    /// Maximum number of characters it may use.
    share: usize,
}

impl OverviewPage {
    fn add(&mut self, line: &str) {
        self.left = self.left.saturating_sub(line_cost(line));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a non-empty section: as many of its lines as fit, and the number of omitted ones.
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

/// Returns the cost of a line: its characters, or half of its bytes in JSON if that is more.
fn line_cost(line: &str) -> usize {
    let escapes = line.bytes().filter(|byte| matches!(byte, b'\\' | b'"')).count();
    line.chars().count().max((line.len() + escapes) / 2) + 1
}
