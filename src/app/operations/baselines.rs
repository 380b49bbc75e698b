//! Names the store as it is or was, and lists these names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, ReadOperation, SteppedOperation, Surface};
use crate::app::present::text::Text;
use crate::app::run::Caller;
use crate::model::text::quote_text;
use crate::model::{Baseline, Result};
use crate::ops::write::baselines::{self, NewBaseline};
use crate::store::{Db, View};

/// Creates a baseline.
pub struct CreateBaseline;

/// The baseline of a name.
#[derive(Serialize, JsonSchema)]
pub struct CreatedBaseline {
    baseline: Baseline,
    /// False if it was there already.
    changed: bool,
}

impl Operation for CreateBaseline {
    type Args = NewBaseline;
    type Output = CreatedBaseline;
    const ABOUT: About = About::new(
        "create_baseline",
        "Create baseline",
        Effect::Adds,
        "Name the store as it is, or as it was, for a review or a release. Every read takes the name \
         in as_of, and diff compares with it. A baseline never moves.",
    )
    .on(Surface::OnRequest);
}

impl SteppedOperation for CreateBaseline {
    fn run(
        db: &Db,
        caller: &Caller,
        new: NewBaseline,
        note: &str,
    ) -> Result<Written<CreatedBaseline>> {
        let proposed = db.read(|view| baselines::propose_baseline(view, &new))?;
        let (baseline, audit_id) = db.write(caller.author(), Self::ABOUT.name, |tx| {
            baselines::store_baseline(tx, proposed, note)
        })?;
        let changed = audit_id.is_some();
        Ok(Written::new(CreatedBaseline { baseline, changed }, audit_id, None))
    }
}

impl Output for CreatedBaseline {
    fn write_text(&self, text: &mut Text) {
        let word = if self.changed { "created " } else { "there already: " };
        text.line(format!("{word}{}", describe_baseline(&self.baseline)));
    }
}

/// Lists baselines.
pub struct ListBaselines;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListBaselinesArgs {}

/// All baselines, by name.
#[derive(Serialize, JsonSchema)]
pub struct BaselineList {
    items: Vec<ListedBaseline>,
}

#[derive(Serialize, JsonSchema)]
pub struct ListedBaseline {
    #[serde(flatten)]
    baseline: Baseline,
    /// Whether the audit log still has its row with its hash.
    holds: bool,
}

impl Operation for ListBaselines {
    type Args = ListBaselinesArgs;
    type Output = BaselineList;
    const ABOUT: About = About::new(
        "list_baselines",
        "List baselines",
        Effect::Reads,
        "List the baselines with their times and numbers of rows, and whether the audit log still \
         holds what each names.",
    )
    .on(Surface::OnRequest);
}

impl ReadOperation for ListBaselines {
    fn run(view: &View<'_>, _args: ListBaselinesArgs) -> Result<BaselineList> {
        let listed = baselines::list_verified(view)?.into_iter();
        let items = listed.map(|(baseline, holds)| ListedBaseline { baseline, holds }).collect();
        Ok(BaselineList { items })
    }
}

impl Output for BaselineList {
    fn write_text(&self, text: &mut Text) {
        text.list("items", &self.items, |listed| {
            let broken =
                if listed.holds { "" } else { "; BROKEN: the audit log has another row there" };
            vec![format!("{}{broken}", describe_baseline(&listed.baseline))]
        });
    }
}

fn describe_baseline(baseline: &Baseline) -> String {
    let Baseline { name, at, operation, audit_row, hash, counts, .. } = baseline;
    let counts: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let (name, counts) = (quote_text(name, 500), counts.join(", "));
    let operation = match operation.as_str() {
        "" => String::new(),
        handle => format!(", operation {handle}"),
    };
    format!("baseline {name} of {at}{operation}, audit row {audit_row} {hash}: {counts}")
}
