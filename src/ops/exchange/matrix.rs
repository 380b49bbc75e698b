//! Exports the traceability matrix as CSV for spreadsheets, or as Markdown.

use serde_json::Value;

use crate::model::gap::is_flag;
use crate::model::headline::Headline;
use crate::model::mark::mark_words;
use crate::model::markup::inline_text;
use crate::model::text::{collapse_spaces, escape_hidden};
use crate::model::{Entity, Error, Kind, Mark, Result};
use crate::ops::exchange::entity_csv::begins_formula;
use crate::ops::read::marks::RowMarks;
use crate::ops::read::queries::coverage::{
    self, CoveredRequirement, LinkedEntity, describe_children,
};
use crate::ops::write::projects::ProjectScope;
use crate::store::{View, link_facts};

/// Requirements read per page.
const STEP: usize = 200;

/// A requirement with its coverage and its marks.
pub struct MatrixRow {
    covered: CoveredRequirement,
    marks: Vec<Mark>,
}

impl MatrixRow {
    /// Renders the value of the requirement, or its other headlines.
    fn value(&self) -> String {
        let headlines = Headline::list(&self.covered.entity.properties);
        let plain = headlines.iter().map(Headline::plain).collect::<Vec<_>>().join(", ");
        plain.strip_prefix("= ").map(str::to_owned).unwrap_or(plain)
    }
}

/// Reads every active requirement of a scope, by name.
pub fn read(view: &View<'_>, scope: &ProjectScope) -> Result<Vec<MatrixRow>> {
    let mut rows = Vec::new();
    for some in link_facts::list_requirements(view, None, &scope.names, false)?.chunks(STEP) {
        let ids: Vec<String> = some.iter().map(|(_, id)| id.clone()).collect();
        let marks = RowMarks::of_ids(view, Kind::Entity, ids.iter().map(String::as_str))?;
        let covered = coverage::read_covered(view, &ids)?.into_iter();
        rows.extend(
            covered.map(|covered| MatrixRow { marks: marks.of(&covered.entity.id), covered }),
        );
    }
    Ok(rows)
}

/// The lists of a row, by the names of their columns.
fn list_sides(row: &CoveredRequirement) -> [(&'static str, &[LinkedEntity]); 7] {
    [
        ("parents", &row.parents),
        ("children", &row.children),
        ("satisfied_by", &row.satisfied_by),
        ("validated_by", &row.validated_by),
        ("evidence", &row.evidence),
        ("contradicted_by", &row.contradicted_by),
        ("inconclusive", &row.inconclusive),
    ]
}

/// Returns CSV as in RFC 4180, in UTF-8: a row for each requirement, with each list as a JSON array
/// of names.
pub fn write_csv(rows: &[MatrixRow]) -> Result<String> {
    const COLUMNS: [&str; 18] = [
        "requirement_id",
        "uid",
        "project",
        "requirement",
        "value",
        "description",
        "marks",
        "verdict",
        "waived",
        "parents",
        "children",
        "children_covered",
        "satisfied_by",
        "validated_by",
        "evidence",
        "contradicted_by",
        "inconclusive",
        "source_refs",
    ];
    let records = rows.iter().map(|shown| {
        let row = &shown.covered;
        let Entity { id, uid, project, name, description, source_refs, .. } = &row.entity;
        let sides = list_sides(row).map(|(_, side)| {
            write_list(side.iter().map(|linked| escape_cell(&collapse_spaces(&linked.node.name))))
        });
        let [parents, children, satisfied_by, validated_by, evidence, against, inconclusive] =
            sides;
        let covered = match row.child_counts.all {
            0 => String::new(),
            _ => describe_children(row.child_counts),
        };
        [
            escape_cell(id),
            escape_cell(uid),
            escape_cell(project),
            escape_cell(&collapse_spaces(name)),
            escape_cell(&shown.value()),
            escape_cell(description),
            mark_words(&shown.marks),
            row.verdict.name().to_owned(),
            escape_cell(&waiver_text(&row.entity)),
            parents,
            children,
            covered,
            satisfied_by,
            validated_by,
            evidence,
            against,
            inconclusive,
            write_list(source_refs.iter().map(|source| escape_cell(source))),
        ]
    });
    write_table(COLUMNS, records)
}

/// Returns CSV with a row for each requirement and entity in one of its lists; a requirement without
/// any has one row.
pub fn write_long_csv(rows: &[MatrixRow]) -> Result<String> {
    const COLUMNS: [&str; 13] = [
        "requirement_id",
        "project",
        "requirement",
        "value",
        "marks",
        "verdict",
        "list",
        "relationship_type",
        "entity_id",
        "entity_type",
        "entity",
        "outcome",
        "through",
    ];
    let records = rows.iter().flat_map(|shown| {
        let row = &shown.covered;
        let Entity { id, project, name, .. } = &row.entity;
        let pair = |list: &str, linked: Option<&LinkedEntity>| {
            let text = |read: &dyn Fn(&LinkedEntity) -> String| {
                escape_cell(&linked.map(read).unwrap_or_default())
            };
            let through = |one: &LinkedEntity| one.through.as_ref().map(|node| node.name.clone());
            let outcome =
                |one: &LinkedEntity| one.outcome.map(|outcome| outcome.as_str().to_owned());
            [
                escape_cell(id),
                escape_cell(project),
                escape_cell(&collapse_spaces(name)),
                escape_cell(&shown.value()),
                mark_words(&shown.marks),
                row.verdict.name().to_owned(),
                list.to_owned(),
                text(&|one| one.relationship_type.to_owned()),
                text(&|one| one.node.id.clone()),
                text(&|one| one.node.entity_type.clone()),
                text(&|one| collapse_spaces(&one.node.name)),
                text(&|one| outcome(one).unwrap_or_default()),
                text(&|one| collapse_spaces(&through(one).unwrap_or_default())),
            ]
        };
        let sides = list_sides(row);
        let pairs =
            sides.iter().flat_map(|(list, side)| side.iter().map(|one| pair(list, Some(one))));
        let mut pairs: Vec<[String; 13]> = pairs.collect();
        if pairs.is_empty() {
            pairs.push(pair("", None));
        }
        pairs
    });
    write_table(COLUMNS, records)
}

fn write_table<const N: usize>(
    columns: [&str; N],
    records: impl Iterator<Item = [String; N]>,
) -> Result<String> {
    let failed = |error: String| Error::Internal(format!("csv: {error}"));
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(columns).map_err(|error| failed(error.to_string()))?;
    for record in records {
        table.write_record(record).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// Returns a JSON array, or nothing for an empty list.
fn write_list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() { String::new() } else { Value::from(names).to_string() }
}

/// Returns the reason of a waiver; `yes` if there is none.
fn waiver_text(entity: &Entity) -> String {
    let waived = entity.properties.get("waived").filter(|value| is_flag(value));
    match waived.map(coverage::waiver_reason) {
        None => String::new(),
        Some(Value::String(reason)) => reason,
        Some(_) => "yes".to_owned(),
    }
}

/// Returns a Markdown table, preceded by the coverage.
pub fn write_markdown(rows: &[MatrixRow]) -> String {
    let mut counts = [0; 5];
    for row in rows {
        counts[row.covered.verdict as usize] += 1;
    }
    let coverage: Vec<String> =
        coverage::name_counts(counts).map(|(name, count)| format!("{name} {count}")).collect();
    let mut text = format!(
        "{} requirements: {}.\n\n\
         | Requirement | Value | Description | Marks | Verdict | Parents | Children | Satisfied by | Validated by \
         | Evidence | Contradicted by | Inconclusive |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
        rows.len(),
        coverage.join(", ")
    );
    for shown in rows {
        let row = &shown.covered;
        let sides = list_sides(row).map(|(_, side)| {
            let names = side.iter().map(|linked| inline_text(&linked.node.name, 80));
            names.collect::<Vec<_>>().join("; ")
        });
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            inline_text(&row.entity.name, 80),
            inline_text(&shown.value(), 80),
            inline_text(&row.entity.description, 300),
            mark_words(&shown.marks),
            row.verdict.name(),
            sides.join(" | "),
        ));
    }
    text
}

/// Prevents CSV injection: a cell that a spreadsheet would read as a formula gets a leading
/// apostrophe, which spreadsheets hide. Hidden characters become escapes.
fn escape_cell(cell: &str) -> String {
    let shown = escape_hidden(cell);
    if begins_formula(shown.trim_start_matches([' ', '\n'])) {
        return format!("'{shown}");
    }
    shown.into_owned()
}

#[cfg(test)]
mod tests;
