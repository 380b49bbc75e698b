//! Exports the traceability matrix as CSV for spreadsheets, or as Markdown.

use crate::model::markup::inline_text;
use crate::model::text::{collapse_spaces, escape_hidden};
use crate::model::{Entity, Error, Result, Verdict};
use crate::ops::write::projects::ProjectScope;
use crate::store::coverage::{self, LinkEnd, LinkedEntity};
use crate::store::gaps::GapFilter;
use crate::store::{self, View};

/// Entities listed in a cell.
const MAX_LINKED: usize = 100;
/// Requirements read per page.
const STEP: i64 = 200;

/// A requirement with the entities that satisfy and validate it.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    pub requirement: Entity,
    pub verdict: Verdict,
    pub satisfied_by: Cell,
    pub validated_by: Cell,
    pub evidence: Cell,
}

/// The names in a cell, and the total number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    pub names: Vec<String>,
    pub count: usize,
}

/// Reads every active requirement of a scope, by name.
pub fn read(view: &View<'_>, scope: &ProjectScope) -> Result<Vec<MatrixRow>> {
    let mut rows = Vec::new();
    let mut after = (String::new(), String::new());
    loop {
        let wanted = GapFilter {
            projects: &scope.names,
            all: false,
            after: (&after.0, &after.1),
            limit: STEP,
        };
        let found = coverage::list(view, None, &wanted)?;
        let Some((id, place)) = found.last() else { return Ok(rows) };
        after = (place.clone(), id.clone());
        for (id, _) in &found {
            if let Some(requirement) = store::entities::get(view, id)? {
                rows.push(matrix_row(view, requirement)?);
            }
        }
    }
}

fn matrix_row(view: &View<'_>, requirement: Entity) -> Result<MatrixRow> {
    let cell = |side: LinkEnd| -> Result<Cell> {
        let (links, count) = coverage::list_links(view, side, &requirement.id, MAX_LINKED as i64)?;
        let names = links.into_iter().map(|LinkedEntity { node, .. }| node.name).collect();
        Ok(Cell { names, count: count as usize })
    };
    Ok(MatrixRow {
        verdict: coverage::verdict_of(view, &requirement.id)?,
        satisfied_by: cell(LinkEnd::SatisfiedBy)?,
        validated_by: cell(LinkEnd::ValidatedBy)?,
        evidence: cell(LinkEnd::Evidence)?,
        requirement,
    })
}

const COLUMNS: [&str; 9] = [
    "requirement_id",
    "project",
    "requirement",
    "description",
    "verdict",
    "satisfied_by",
    "validated_by",
    "evidence",
    "source_refs",
];

/// Returns CSV as in RFC 4180, in UTF-8.
pub fn write_csv(rows: &[MatrixRow]) -> Result<String> {
    let failed = |error: String| Error::Internal(format!("csv: {error}"));
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(COLUMNS).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        let Entity { id, project, name, description, source_refs, .. } = &row.requirement;
        let cells = [
            id.clone(),
            project.clone(),
            name.clone(),
            description.clone(),
            row.verdict.name().to_owned(),
            list_cell(&row.satisfied_by, collapse_spaces),
            list_cell(&row.validated_by, collapse_spaces),
            list_cell(&row.evidence, collapse_spaces),
            source_refs.join("; "),
        ];
        let cells = cells.iter().map(|cell| escape_formula(cell));
        table.write_record(cells).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// Returns a Markdown table, preceded by the coverage.
pub fn write_markdown(rows: &[MatrixRow]) -> String {
    let coverage: Vec<String> = Verdict::ALL
        .iter()
        .map(|verdict| {
            let count = rows.iter().filter(|row| row.verdict == *verdict).count();
            format!("{} {count}", verdict.name())
        })
        .collect();
    let mut text = format!(
        "{} requirements: {}.\n\n\
         | Requirement | Description | Verdict | Satisfied by | Validated by | Evidence |\n\
         |---|---|---|---|---|---|\n",
        rows.len(),
        coverage.join(", ")
    );
    for row in rows {
        let shown = |cell: &Cell| list_cell(cell, |name| inline_text(name, 80));
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            inline_text(&row.requirement.name, 80),
            inline_text(&row.requirement.description, 300),
            row.verdict.name(),
            shown(&row.satisfied_by),
            shown(&row.validated_by),
            shown(&row.evidence),
        ));
    }
    text
}

fn list_cell(cell: &Cell, show: impl Fn(&str) -> String) -> String {
    let names: Vec<String> = cell.names.iter().map(|name| show(name)).collect();
    let more = match cell.count.saturating_sub(names.len()) {
        0 => String::new(),
        left => format!("; … and {left} more"),
    };
    names.join("; ") + &more
}

/// Prevents CSV injection: a cell that a spreadsheet would read as a formula gets a leading
/// apostrophe, which spreadsheets hide. Hidden characters become escapes.
fn escape_formula(cell: &str) -> String {
    let shown = escape_hidden(cell);
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '＝' | '＋' | '－' | '＠');
    if shown.trim_start_matches([' ', '\n']).starts_with(formula) {
        return format!("'{shown}");
    }
    shown.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Status;

    fn row(name: &str, description: &str, satisfied_by: Cell) -> MatrixRow {
        let requirement = Entity {
            handle: String::new(),
            id: "r-1".to_owned(),
            entity_type: "requirement".to_owned(),
            name: name.to_owned(),
            project: "p06".to_owned(),
            description: description.to_owned(),
            properties: serde_json::Map::new(),
            status: Status::Active,
            confidence: 1.0,
            source_refs: vec!["doc:a.md".to_owned(), "url:b".to_owned()],
            extractor_version: String::new(),
            canonical_home: String::new(),
            hand_authored: false,
            version: 1,
            created_at: String::new(),
            updated_at: String::new(),
        };
        MatrixRow {
            requirement,
            verdict: Verdict::Satisfied,
            satisfied_by,
            validated_by: Cell::default(),
            evidence: Cell::default(),
        }
    }

    fn cell(names: &[&str], count: usize) -> Cell {
        Cell { names: names.iter().map(|name| (*name).to_owned()).collect(), count }
    }

    #[test]
    fn a_spreadsheet_reads_text_and_no_formula() {
        let rows = [
            row("=HYPERLINK(\"http://evil\")", "a, b\n\"c\"", cell(&["+1", "@x"], 2)),
            row("R-2", " -40 °C to +60 °C", cell(&["A\nB", "C"], 7)),
            row("＝1", "\u{200b}=1", Cell::default()),
        ];
        let head = "requirement_id,project,requirement,description,verdict,satisfied_by,\
                    validated_by,evidence,source_refs\r\n";
        assert_eq!(
            write_csv(&rows).expect("a table"),
            format!(
                "{head}\
                 r-1,p06,\"'=HYPERLINK(\"\"http://evil\"\")\",\"a, b\n\"\"c\"\"\",satisfied,'+1; @x,,,doc:a.md; url:b\r\n\
                 r-1,p06,R-2,' -40 °C to +60 °C,satisfied,A B; C; … and 5 more,,,doc:a.md; url:b\r\n\
                 r-1,p06,'＝1,\\u{{200b}}=1,satisfied,,,,doc:a.md; url:b\r\n"
            )
        );
    }

    #[test]
    fn a_table_in_markdown_keeps_its_columns() {
        let rows = [row("R|1", "[x](y)\n# z", cell(&["A|B", "<c>"], 3))];
        assert_eq!(
            write_markdown(&rows),
            "1 requirements: none 0, satisfied 1, validated 0, with_evidence 0.\n\n\
             | Requirement | Description | Verdict | Satisfied by | Validated by | Evidence |\n\
             |---|---|---|---|---|---|\n\
             | R\\|1 | \\[x\\](y) # z | satisfied | A\\|B; \\<c\\>; … and 1 more |  |  |\n"
        );
    }
}
