//! Lists the changes of all rows, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::Detail;
use crate::app::present::changes::{ChangeView, change_line};
use crate::app::present::ids::shown_id;
use crate::app::present::text::Text;
use crate::model::{Kind, List, PageRequest, Result};
use crate::ops::read::audit_log::{AuditFilter, list_audit};
use crate::ops::read::history::read_change;
use crate::ops::read::row_names::name_row;
use crate::store::View;

/// Lists the audit.
pub struct ListAudit;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAuditArgs {
    #[serde(default)]
    actor: String,
    /// Name and version of a client, as the audit has them.
    #[serde(default)]
    client: String,
    /// Handle of an operation.
    #[serde(default)]
    operation: String,
    /// entity, memory, relationship, project, project_state, conflict, interaction, revision, store.
    #[serde(default)]
    kind: String,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of the audit.
#[derive(Serialize, JsonSchema)]
pub struct AuditPage {
    entries: Vec<LoggedChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A change with the row that it is about.
#[derive(Serialize, JsonSchema)]
struct LoggedChange {
    sequence: i64,
    kind: String,
    row_id: String,
    row: String,
    #[serde(flatten)]
    change: ChangeView,
    #[serde(skip)]
    line: String,
}

impl Operation for ListAudit {
    type Args = ListAuditArgs;
    type Output = AuditPage;
    const ABOUT: About = About::new(
        "list_audit",
        "List the audit",
        Effect::Reads,
        "List the changes of all rows, newest first, by actor, client, operation or kind of row.",
    )
    .on(Surface::Command);
}

impl ReadOperation for ListAudit {
    fn run(view: &View<'_>, args: ListAuditArgs) -> Result<AuditPage> {
        let page = PageRequest::new(List::Audit, args.limit, args.cursor.as_deref())?;
        let ListAuditArgs { actor, client, operation, kind, .. } = &args;
        let filter = AuditFilter { actor, client, operation, kind };
        let (found, next) = list_audit(view, filter, &page)?;
        let entries = found.into_iter().map(|entry| {
            let (kind, id) = (Kind::parse(&entry.kind), entry.subject_id.clone());
            let shown = kind.map(|kind| shown_id(view, kind, Some(&id))).transpose()?;
            let row = kind.map(|kind| name_row(view, kind, &id)).transpose()?;
            let change = read_change(entry);
            Ok(LoggedChange {
                sequence: change.entry.seq,
                kind: change.entry.kind.clone(),
                row_id: shown.flatten().unwrap_or(id),
                row: row.unwrap_or_default(),
                line: change_line(&change),
                change: ChangeView::new(&change, Detail::Concise),
            })
        });
        let entries = entries.collect::<Result<_>>()?;
        Ok(AuditPage {
            entries,
            next_cursor: next.map(|seq| page.cursor_after(&[seq.to_string()])),
        })
    }
}

impl Output for AuditPage {
    fn write_text(&self, text: &mut Text) {
        for LoggedChange { sequence, row, line, .. } in &self.entries {
            text.line(format!("{sequence} {row} {line}"));
        }
        if let Some(cursor) = &self.next_cursor {
            text.line(format!("go on with cursor \"{cursor}\""));
        }
    }
}
