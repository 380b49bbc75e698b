//! Exports every row with its history, in an order determined only by the rows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::format::{AuditAge, End, Header, VERSION, write_line, written_audit};
use super::scope::ExportScope;
use crate::model::Result;
use crate::ops::maintain::verify::{self, DifferingRow};
use crate::store::table_dump::{Layout, SCHEMA, SECTIONS};
use crate::store::{View, audit};

/// The scope of an export.
#[derive(Debug, Clone, Default)]
pub struct ExportArgs {
    /// Limits the export to a project, by name or alias.
    pub project: Option<String>,
    /// Includes the global rows in the export of a project.
    pub global: bool,
}

/// Statistics of an export.
#[derive(Debug, Default)]
pub struct Exported {
    /// Number of lines by type.
    pub rows: BTreeMap<&'static str, u64>,
    /// Number of links from the project to rows outside the export.
    pub cut: u64,
    /// Rows named by the chain of a whole export that do not exist: no import accepts such an
    /// export.
    pub gone: Vec<DifferingRow>,
}

/// Rows in memory at a time.
const BATCH: i64 = 500;

/// Refuses a project that is neither registered nor used, as an export of its rows does.
pub fn refuse_unknown_project(view: &View<'_>, name: &str) -> Result<()> {
    ExportScope::resolve_project(view, name).map(drop)
}

/// Passes every line, without its line feed, to `write`.
pub fn export_lines(
    view: &View<'_>,
    wish: &ExportArgs,
    mut write: impl FnMut(&str) -> Result<()>,
) -> Result<Exported> {
    let scope = wish.project.as_deref().map(|name| ExportScope::of(view, name, wish.global));
    let scope = scope.transpose()?;
    let header = Header {
        version: VERSION,
        schema: SCHEMA,
        project: scope.as_ref().map(|scope| scope.project.clone()),
        global: scope.as_ref().is_none_or(|scope| scope.global),
    };
    write(&header.written()?)?;
    let mut done = Exported::default();
    let layout = Layout::of_schema()?;
    for number in 0..SECTIONS.len() {
        export_section(view, layout, number, scope.as_ref(), &mut done, &mut write)?;
    }
    let mut audited = 0;
    let last_relinked = audit::last_relinked(view)?;
    audit::for_each(view, |entry| {
        if let Some(scope) = &scope
            && !scope.covers_subject(view, &entry.kind, &entry.subject_id)?
        {
            return Ok(());
        }
        audited += 1;
        let is_old = entry.seq <= last_relinked || entry.chain.hash.is_empty();
        let age = if is_old { AuditAge::BeforeChain } else { AuditAge::OfChain };
        write(&written_audit(entry, age, scope.is_none())?)
    })?;
    done.rows.insert("audit", audited);
    if scope.is_none() {
        done.gone = verify::find_gone(view)?;
    }
    write(&End { rows: done.rows.values().sum() }.written()?)?;
    Ok(done)
}

fn export_section(
    view: &View<'_>,
    layout: &Layout,
    number: usize,
    scope: Option<&ExportScope>,
    done: &mut Exported,
    write: &mut impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let section = &SECTIONS[number];
    let mut after = String::new();
    loop {
        let rows = layout.rows_after(view, number, &after, BATCH)?;
        let Some(last) = rows.last().and_then(|row| row.get("id")).and_then(Value::as_str) else {
            return Ok(());
        };
        after = last.to_owned();
        for row in rows {
            if let Some(scope) = scope
                && !scope.covers(view, section, &row)?
            {
                done.cut += u64::from(scope.cuts(view, section, &row)?);
                continue;
            }
            *done.rows.entry(section.name).or_default() += 1;
            write(&write_line(section.name, row))?;
        }
    }
}
