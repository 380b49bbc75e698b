//! Reviews links of which an end changed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, WriteOperation};
use crate::app::present::rows::RelationshipView;
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::write::link_reviews::{self, LinkReview};
use crate::store::Tx;

/// Confirms that links still hold.
pub struct ReviewLink;

/// The links that were suspect before.
#[derive(Serialize, JsonSchema)]
pub struct ReviewedLinkList {
    reviewed: Vec<RelationshipView>,
    /// Links that were not suspect.
    unchanged: usize,
}

impl Operation for ReviewLink {
    type Args = LinkReview;
    type Output = ReviewedLinkList;
    const ABOUT: About = About::new(
        "review_link",
        "Review link",
        Effect::Replaces,
        "Confirm that suspect links still hold after one of their ends changed; query_project suspect_links lists them.",
    )
    .decides(Decision::Everything);
}

impl WriteOperation for ReviewLink {
    fn run(tx: &Tx<'_>, review: LinkReview, note: &str) -> Result<Written<ReviewedLinkList>> {
        let done = link_reviews::review_links(tx, &review, note)?;
        let reviewed = done.changed.iter().map(|link| RelationshipView::new(tx, link));
        let output = ReviewedLinkList {
            reviewed: reviewed.collect::<Result<_>>()?,
            unchanged: done.unchanged,
        };
        Ok(Written::new(output, None, None))
    }
}

impl Output for ReviewedLinkList {
    fn write_text(&self, text: &mut Text) {
        text.line(format!("reviewed {}, unchanged {}", self.reviewed.len(), self.unchanged));
        text.list("reviewed", &self.reviewed, |link| Some(link.line()));
    }
}
