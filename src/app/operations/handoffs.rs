//! Handoffs: the work that one session leaves to the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, Surface, WriteOperation};
use crate::app::present::Detail;
use crate::app::present::rows::ProjectUsed;
use crate::app::present::single_rows::InteractionView;
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::write::handoffs::{self, NewHandoff};
use crate::store::Tx;

/// Records a handoff.
pub struct RecordHandoff;

/// The recorded handoff.
#[derive(Serialize, JsonSchema)]
pub struct RecordedHandoff {
    #[serde(flatten)]
    handoff: InteractionView,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for RecordHandoff {
    type Args = NewHandoff;
    type Output = RecordedHandoff;
    const ABOUT: About = About::new(
        "record_handoff",
        "Record handoff",
        Effect::Adds,
        "At the end of a session: what is done, which questions are open, what comes next. The \
         briefing of the project shows it until somebody accepts it.",
    )
    .not_idempotent()
    .on(Surface::OnRequest);
}

impl WriteOperation for RecordHandoff {
    fn run(tx: &Tx<'_>, new: NewHandoff, note: &str) -> Result<Written<RecordedHandoff>> {
        let (row, project) = handoffs::record_handoff(tx, &new, note)?;
        let output = RecordedHandoff {
            handoff: InteractionView::new(tx, &row, Detail::Concise)?,
            project_used: Some(ProjectUsed::new(&project)),
        };
        Ok(Written::new(output, None, None))
    }
}

impl Output for RecordedHandoff {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.handoff.lines());
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
    }
}

/// Accepts a handoff.
pub struct AcceptHandoff;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptHandoffArgs {
    /// Id of the handoff, as the briefing shows it.
    interaction_id: String,
}

/// The accepted handoff.
#[derive(Serialize, JsonSchema)]
pub struct AcceptedHandoff {
    changed: bool,
    #[serde(flatten)]
    handoff: InteractionView,
}

impl Operation for AcceptHandoff {
    type Args = AcceptHandoffArgs;
    type Output = AcceptedHandoff;
    const ABOUT: About = About::new(
        "accept_handoff",
        "Accept handoff",
        Effect::Adds,
        "Take over the work of a handoff that a briefing shows. Briefings no longer show it.",
    )
    .with_own_project()
    .on(Surface::OnRequest);
}

impl WriteOperation for AcceptHandoff {
    fn run(tx: &Tx<'_>, args: AcceptHandoffArgs, note: &str) -> Result<Written<AcceptedHandoff>> {
        let (row, changed) = handoffs::accept_handoff(tx, &args.interaction_id, note)?;
        let handoff = InteractionView::new(tx, &row, Detail::Concise)?;
        Ok(Written::new(AcceptedHandoff { changed, handoff }, None, None))
    }
}

impl Output for AcceptedHandoff {
    fn write_text(&self, text: &mut Text) {
        if !self.changed {
            text.line("unchanged: it is not open");
        }
        text.lines(self.handoff.lines());
    }
}
