//! Whether a successor takes over links.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the links of a superseded entity go on at its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LinkPolicy {
    #[default]
    Carry,
    Leave,
}

impl LinkPolicy {
    /// The name of the argument, and of the field of a revision.
    pub const FIELD: &'static str = "links";

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Carry => "carry",
            Self::Leave => "leave",
        }
    }
}
