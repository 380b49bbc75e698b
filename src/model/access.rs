//! Access over the network: roles, and the tokens that carry them.

use serde::Serialize;

/// The role of a caller; each has the rights of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Read,
    /// Writes candidates; its changes of approved rows become proposals.
    Propose,
    /// Decides about candidates, conflicts and approved rows.
    Review,
    /// Also erases contents.
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Read, Self::Propose, Self::Review, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Propose => "propose",
            Self::Review => "review",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A token as it is stored: of the secret, only the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessToken {
    pub name: String,
    pub role: Role,
    #[serde(skip)]
    pub digest: String,
    pub created_at: String,
    /// Empty while it is valid.
    pub revoked_at: String,
}
