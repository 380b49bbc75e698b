//! Exports the traceability matrix as CSV for spreadsheets, or as Markdown.

use crate::model::markup::inline_text;
use crate::model::text::{collapse_spaces, escape_hidden};
use crate::model::{Entity, Error, Result, Verdict};
use crate::ops::read::queries::coverage::{self, CoveredRequirement};
use crate::ops::write::projects::ProjectScope;
use crate::store::{View, link_facts};

/// Entities listed in a cell.
const MAX_LINKED: usize = 100;
/// Requirements read per page.
const STEP: usize = 200;

/// A requirement, with the entities that satisfy it, those that validate it, the evidence, and
/// the evidence against it.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    pub requirement: Entity,
    pub verdict: Verdict,
    pub sides: [Cell; 4],
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
    for some in link_facts::list_requirements(view, None, &scope.names, false)?.chunks(STEP) {
        let ids: Vec<String> = some.iter().map(|(_, id)| id.clone()).collect();
        let covered = coverage::read_covered(view, &ids)?;
        rows.extend(covered.into_iter().map(|covered| {
            let CoveredRequirement {
                entity,
                verdict,
                satisfied_by,
                validated_by,
                evidence,
                contradicted_by,
                ..
            } = covered;
            let sides = [satisfied_by, validated_by, evidence, contradicted_by].map(|side| Cell {
                count: side.len(),
                names: side.into_iter().take(MAX_LINKED).map(|linked| linked.node.name).collect(),
            });
            MatrixRow { requirement: entity, verdict, sides }
        }));
    }
    Ok(rows)
}

const COLUMNS: [&str; 10] = [
    "requirement_id",
    "project",
    "requirement",
    "description",
    "verdict",
    "satisfied_by",
    "validated_by",
    "evidence",
    "contradicted_by",
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
        let [satisfied_by, validated_by, evidence, contradicted_by] =
            list_sides(row, collapse_spaces);
        let cells = [
            id.clone(),
            project.clone(),
            name.clone(),
            description.clone(),
            row.verdict.name().to_owned(),
            satisfied_by,
            validated_by,
            evidence,
            contradicted_by,
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
    let mut counts = [0; 5];
    for row in rows {
        counts[row.verdict as usize] += 1;
    }
    let coverage: Vec<String> =
        coverage::name_counts(counts).map(|(name, count)| format!("{name} {count}")).collect();
    let mut text = format!(
        "{} requirements: {}.\n\n\
         | Requirement | Description | Verdict | Satisfied by | Validated by | Evidence | Contradicted by |\n\
         |---|---|---|---|---|---|---|\n",
        rows.len(),
        coverage.join(", ")
    );
    for row in rows {
        let sides = list_sides(row, |name| inline_text(name, 80));
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            inline_text(&row.requirement.name, 80),
            inline_text(&row.requirement.description, 300),
            row.verdict.name(),
            sides.join(" | "),
        ));
    }
    text
}

/// Returns each side as a text.
fn list_sides(row: &MatrixRow, show: impl Fn(&str) -> String) -> [String; 4] {
    row.sides.each_ref().map(|Cell { names, count }| {
        let shown: Vec<String> = names.iter().map(|name| show(name)).collect();
        match count.saturating_sub(names.len()) {
            0 => shown.join("; "),
            left => format!("{}; … and {left} more", shown.join("; ")),
        }
    })
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
        let sides = [satisfied_by, Cell::default(), Cell::default(), Cell::default()];
        MatrixRow { requirement, verdict: Verdict::Satisfied, sides }
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
                    validated_by,evidence,contradicted_by,source_refs\r\n";
        assert_eq!(
            write_csv(&rows).expect("a table"),
            format!(
                "{head}\
                 r-1,p06,\"'=HYPERLINK(\"\"http://evil\"\")\",\"a, b\n\"\"c\"\"\",satisfied,'+1; @x,,,,doc:a.md; url:b\r\n\
                 r-1,p06,R-2,' -40 °C to +60 °C,satisfied,A B; C; … and 5 more,,,,doc:a.md; url:b\r\n\
                 r-1,p06,'＝1,\\u{{200b}}=1,satisfied,,,,,doc:a.md; url:b\r\n"
            )
        );
    }

    #[test]
    fn a_table_in_markdown_keeps_its_columns() {
        let rows = [row("R|1", "[x](y)\n# z", cell(&["A|B", "<c>"], 3))];
        assert_eq!(
            write_markdown(&rows),
            "1 requirements: none 0, satisfied 1, validated 0, with_evidence 0.\n\n\
             | Requirement | Description | Verdict | Satisfied by | Validated by | Evidence \
             | Contradicted by |\n\
             |---|---|---|---|---|---|---|\n\
             | R\\|1 | \\[x\\](y) # z | satisfied | A\\|B; \\<c\\>; … and 1 more |  |  |  |\n"
        );
    }
}
