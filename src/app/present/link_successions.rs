//! The links of superseded rows in the answer of a write: those that their successors took over, and
//! those that stayed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::text::Text;
use crate::model::Result;
use crate::model::disturbance::Disturbance;
use crate::model::text::quote_text;
use crate::store::{View, entities, relationships};

/// Characters of a name.
const MAX_NAME: usize = 80;

/// The links of superseded rows.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct LinkSuccessions {
    /// Links that a successor took over; suspect until reviewed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    carried_links: Vec<PassedLink>,
    /// Links that stayed at a superseded row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    left_links: Vec<PassedLink>,
}

/// A link of a superseded row.
#[derive(Debug, Clone, Serialize)]
struct PassedLink {
    /// The new link, or the one that stayed.
    relationship_id: String,
    /// The superseded row.
    from: String,
    /// Its successor.
    to: String,
    relationship_type: String,
    /// out: from the row; in: to it.
    direction: &'static str,
    /// The other end.
    entity_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
}

impl LinkSuccessions {
    pub fn new(view: &View<'_>, disturbances: &[Disturbance]) -> Result<Self> {
        let mut shown = Self::default();
        for disturbance in disturbances {
            let Disturbance::Succession(done) = disturbance else { continue };
            let ends = (done.from.as_str(), done.to.as_str());
            for id in &done.carried {
                shown.carried_links.extend(PassedLink::new(view, id, ends, None)?);
            }
            for (id, because) in &done.left {
                let because = Some(because.as_str());
                shown.left_links.extend(PassedLink::new(view, id, ends, because)?);
            }
        }
        Ok(shown)
    }

    pub fn write_text(&self, text: &mut Text) {
        text.list("carried_links", &self.carried_links, |link| {
            Some(format!("carried from {} to {}: {}", link.from, link.to, link.words()))
        });
        text.list("left_links", &self.left_links, |link| {
            let because = link.because.unwrap_or_default();
            Some(format!("left at {}: {}; {because}", link.from, link.words()))
        });
    }
}

impl PassedLink {
    fn new(
        view: &View<'_>,
        id: &str,
        (from, to): (&str, &str),
        because: Option<&'static str>,
    ) -> Result<Option<Self>> {
        let Some(link) = relationships::get(view, id)? else { return Ok(None) };
        let near = if because.is_some() { from } else { to };
        let Some((far, outgoing)) = link.far_end(near) else { return Ok(None) };
        let far = entities::get(view, far)?;
        let handle = |id: &str| {
            let row = entities::get(view, id)?;
            Ok(row.map_or_else(|| id.to_owned(), |row| row.handle))
        };
        Ok(Some(Self {
            from: handle(from)?,
            to: handle(to)?,
            direction: if outgoing { "out" } else { "in" },
            entity_id: far.as_ref().map(|row| row.handle.clone()).unwrap_or_default(),
            name: far.map(|row| row.name).unwrap_or_default(),
            relationship_id: link.handle,
            relationship_type: link.relationship_type,
            because,
        }))
    }

    fn words(&self) -> String {
        let arrow = if self.direction == "out" { "→" } else { "←" };
        let Self { relationship_id, relationship_type, entity_id, name, .. } = self;
        let name = quote_text(name, MAX_NAME);
        format!("{arrow} {relationship_type} {entity_id} {name} by {relationship_id}")
    }
}
