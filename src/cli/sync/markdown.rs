//! The report of a sync in GitHub's Markdown, within the size of a comment.

use super::counts::{ChangeList, SourceCounts};
use super::report::{SourceReport, SyncMode, SyncReport};
use crate::app::present::unsound::UnsoundView;
use crate::model::markup::{inline_text, strong_text};
use crate::model::text::count_noun;

/// Maximum characters: a comment on GitHub holds 65,536, and a workflow may add its own.
const MAX_TEXT: usize = 60_000;
/// Characters that are kept for the ends of lists.
const RESERVE: usize = 1_000;
/// Sources in the table.
const MAX_SOURCES: usize = 100;
/// Characters of a name, and of a line of a list.
const MAX_NAME: usize = 80;
const MAX_LINE: usize = 1_000;

pub fn render(report: &SyncReport) -> String {
    let mut page = Summary::default();
    page.line(match report.mode {
        SyncMode::Write => "## Sources, read again",
        SyncMode::DryRun | SyncMode::Check => "## Sources, compared",
    });
    page.line("");
    page.line(&match report.is_clean() {
        true => {
            "The sources have no change for the store, and no row is stale or suspect.".to_owned()
        }
        false => format!("{}.", report.summary()),
    });
    let here = report.different_here();
    if report.is_clean() && here > 0 {
        page.line(&format!("{} different here, as before.", count_noun(here as i64, "row")));
    }
    page.add_table(&report.sources);
    let steps = report.next_steps();
    if !steps.is_empty() {
        page.line("");
        page.line("**Next**");
        page.line("");
        // They hold commands, which are code.
        steps.iter().for_each(|step| page.line(&format!("- {step}")));
    }
    page.add_lists(&collect_lists(report));
    page.text
}

/// Returns all lists with their titles.
fn collect_lists(report: &SyncReport) -> Vec<(String, ChangeList)> {
    let list = |lines: Vec<String>| ChangeList { title: "", total: lines.len(), lines };
    let mut lists = Vec::new();
    for source in &report.sources {
        let name = inline_text(&source.source.name, MAX_NAME);
        match &source.result {
            Ok(done) if done.says_nothing() => {}
            Ok(done) => lists.extend(
                done.lists.iter().map(|list| (format!("{name}: {}", list.title), list.clone())),
            ),
            Err(error) => {
                lists.push((format!("{name}: not read"), list(vec![SourceReport::problem(error)])));
            }
        }
    }
    for (title, rows) in [("Stale rows", &report.stale), ("Suspect rows", &report.suspect)] {
        let lines = rows.iter().map(UnsoundView::line).collect();
        lists.push((title.to_owned(), list(lines)));
    }
    lists.retain(|(_, list)| list.total > 0);
    lists
}

/// Text within the limit.
#[derive(Default)]
struct Summary {
    text: String,
    characters: usize,
}

impl Summary {
    fn line(&mut self, line: &str) {
        self.characters += line.chars().count() + 1;
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn add_table(&mut self, sources: &[SourceReport]) {
        if sources.is_empty() {
            return;
        }
        self.line("");
        self.line("| source | new | changed | proposed | ended | gone | refused | unchanged |");
        self.line("|---|--:|--:|--:|--:|--:|--:|--:|");
        for source in sources.iter().take(MAX_SOURCES) {
            let name = strong_text(&source.source.name, MAX_NAME);
            self.line(&match &source.result {
                Ok(done) => table_row(&name, &done.counts),
                Err(_) => format!("| {name} | not read | | | | | | |"),
            });
        }
        if sources.len() > MAX_SOURCES {
            self.line(&format!("| {} more | | | | | | | |", sources.len() - MAX_SOURCES));
        }
    }

    /// Adds the first rows of each list, and how many more there are. Each gets a share of the space,
    /// and those after it what it leaves.
    fn add_lists(&mut self, lists: &[(String, ChangeList)]) {
        for (at, (title, list)) in lists.iter().enumerate() {
            let left = (MAX_TEXT - RESERVE).saturating_sub(self.characters);
            let end = self.characters + left / (lists.len() - at);
            let heading = format!("\n### {title}: {}\n", list.total);
            if self.characters + heading.chars().count() > end {
                self.line(&format!("\n{} more lists", lists.len() - at));
                return;
            }
            self.line(&heading);
            let mut shown = 0;
            for line in &list.lines {
                let line = format!("- {}", inline_text(line, MAX_LINE));
                if self.characters + line.chars().count() > end {
                    break;
                }
                self.line(&line);
                shown += 1;
            }
            if shown < list.total {
                self.line(&format!("- {} more", list.total - shown));
            }
        }
    }
}

fn table_row(name: &str, counts: &SourceCounts) -> String {
    let SourceCounts { created, updated, proposed, ended, missing, refused, .. } = counts;
    let unchanged = counts.unchanged + counts.ended_here;
    format!(
        "| {} | {created} | {updated} | {proposed} | {ended} | {missing} | {refused} | {unchanged} |",
        name
    )
}
