//! Prints the report of an import.

use serde_json::{Value, json};

use super::next_step::render_hint_text;
use super::operation::{OutputFlags, print};
use super::watch::Remembered;
use crate::app::answer::Answer;
use crate::app::import::ReadReport;
use crate::app::present::conflicts::ConflictView;
use crate::app::present::marked::MarkedRows;
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::model::NextStep;
use crate::model::text::abridge_message;
use crate::ops::exchange::import_report::{ImportNote, RefusedLine};
use crate::ops::record::record_change::snapshot_value;

/// Maximum rows of each list in the text; the JSON has all of them.
const MAX_NAMED: usize = 100;

/// Prints a report, and what is remembered of the source since.
pub fn print_report(
    read: &ReadReport,
    dry_run: bool,
    remembered: Option<&Remembered>,
    output: &OutputFlags,
) {
    let next_step = dry_run.then_some(NextStep::RepeatWithoutDryRun { asks_person: false });
    let mut text = Text::default();
    if dry_run {
        text.line("dry run: the import changed nothing; new ids are examples");
    }
    write_report(&mut text, read, &[ReportedRows::Edits]);
    let mut structured = report_value(read, dry_run);
    if let Some(remembered) = remembered {
        text.line(remembered.line());
        structured["remembered"] = remembered.name.as_str().into();
        if !remembered.changes.is_empty() {
            structured["remembered_changes"] = json!(remembered.changes);
        }
    }
    print(Answer { text: text.lines.join("\n"), structured, next_step }, output);
}

/// A list of rows that a report may leave out.
#[derive(PartialEq, Eq)]
pub enum ReportedRows {
    New,
    Edits,
}

/// Adds the report to a text, with these lists of rows.
pub fn write_report(text: &mut Text, read: &ReadReport, lists: &[ReportedRows]) {
    let ReadReport { operation, report, projects, conflicts, links, newly_marked } = read;
    let counted = [
        ("created", &report.created, true),
        ("updated", &report.updated, false),
        ("proposed as changes", &report.proposed, false),
        ("ended here", &report.ended, false),
        ("already there", &report.existing, true),
        ("retired", &report.retired, false),
    ];
    let shown = counted.into_iter().filter(|(_, counts, always)| *always || !counts.is_empty());
    for (word, counts, _) in shown {
        let kinds: Vec<String> =
            counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let kinds =
            if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        text.line(format!("{word} {}{kinds}", counts.values().sum::<usize>()));
    }
    if lists.contains(&ReportedRows::New) {
        add_rows(text, &report.new_rows, |line| vec![format!("new {line}")]);
    }
    if lists.contains(&ReportedRows::Edits) {
        add_rows(text, &report.edits, |line| vec![line.clone()]);
    }
    text.lines(operation.iter().map(|handle| format!("operation {handle}")));
    text.lines(report.registered.iter().map(|name| format!("registered the new project {name}")));
    text.lines(projects.iter().filter_map(ProjectUsed::warning));
    for ImportNote { about, count, counts, lines } in &report.notes {
        let counts: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let colon = if counts.is_empty() { "" } else { ": " };
        text.line(format!("{about} {count}{colon}{}", counts.join(", ")));
        add_rows(text, lines, |line| vec![line.clone()]);
    }
    links.write_text(text);
    add_rows(text, newly_marked, MarkedRows::lines);
    text.line(format!("conflicts opened {}", conflicts.len()));
    add_rows(text, conflicts, ConflictView::lines);
    text.line(format!("refused {}", report.refused.len()));
    add_rows(text, &report.refused, |line| vec![refused_line(line)]);
}

/// Adds the first rows of a list, indented, and the number of omitted rows.
fn add_rows<T>(text: &mut Text, rows: &[T], show: impl Fn(&T) -> Vec<String>) {
    let shown = rows.iter().take(MAX_NAMED).flat_map(show);
    text.lines(shown.map(|line| format!("  {line}")));
    if rows.len() > MAX_NAMED {
        text.line(format!("  and {} more", rows.len() - MAX_NAMED));
    }
}

pub fn refused_line(refused: &RefusedLine) -> String {
    let (place, reason, hint) = refused_texts(refused);
    let hint = if hint.is_empty() { hint } else { format!(" ({hint})") };
    format!("{place}: {reason}{hint}")
}

/// Returns place, reason and hint, without likely secrets.
fn refused_texts(refused: &RefusedLine) -> (String, String, String) {
    let shown = |text: String| abridge_message(&text).into_owned();
    let RefusedLine { place, reason, hint, .. } = refused;
    (shown(place.to_string()), shown(reason.clone()), shown(render_hint_text(hint)))
}

pub fn report_value(read: &ReadReport, dry_run: bool) -> Value {
    let ReadReport { operation, report, projects, conflicts, links, newly_marked } = read;
    let refused = report.refused.iter().map(|refused| {
        let (place, reason, hint) = refused_texts(refused);
        json!({ "place": place, "reason": reason, "hint": hint })
    });
    let mut value = json!({
        "created": report.created,
        "updated": report.updated,
        "proposed": report.proposed,
        "ended": report.ended,
        "existing": report.existing,
        "retired": report.retired,
        "edits": report.edits,
        "new_rows": report.new_rows,
        "missing": report.missing,
        "registered": report.registered,
        "projects": projects,
        "notes": report.notes,
        "conflicts": conflicts,
        "refused": refused.collect::<Vec<_>>(),
    });
    if let (Some(fields), Ok(Value::Object(links))) = (value.as_object_mut(), snapshot_value(links))
    {
        fields.extend(links);
    }
    if !newly_marked.is_empty() {
        value["newly_marked"] = json!(newly_marked);
    }
    if let Some(handle) = operation {
        value["operation"] = handle.as_str().into();
    }
    if dry_run {
        value["dry_run"] = Value::Bool(true);
    }
    value
}
