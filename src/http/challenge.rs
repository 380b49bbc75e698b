//! The challenge of a refused request: the header `WWW-Authenticate`, by RFC 6750 and RFC 9728.

use crate::model::Role;

/// The address of the metadata of this server as a protected resource (RFC 9728).
pub const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";

/// What a refused request lacks.
#[derive(Debug, Clone, Copy)]
pub enum Challenge {
    /// There are no credentials.
    Absent,
    /// The token is wrong.
    Invalid,
    /// The token is valid, but not for this role.
    Beyond(Role),
}

impl Challenge {
    /// Renders the header. Clients of an identity provider read the scope to ask it for, and where the
    /// metadata is; there is neither for the tokens of the server itself.
    pub fn render(self, metadata: Option<&str>) -> String {
        let (error, needed) = match self {
            Self::Absent => (None, Role::Propose),
            Self::Invalid => (Some("invalid_token"), Role::Propose),
            Self::Beyond(role) => (Some("insufficient_scope"), role),
        };
        let mut header = "Bearer realm=\"atocore\"".to_owned();
        if let Some(error) = error {
            header.push_str(&format!(", error=\"{error}\""));
        }
        if let Some(address) = metadata {
            let scope = name_scope(needed);
            header.push_str(&format!(", scope=\"{scope}\", resource_metadata=\"{address}\""));
        }
        header
    }
}

/// Returns the scope that gives a role.
pub fn name_scope(role: Role) -> String {
    format!("atocore:{}", role.as_str())
}
