//! Cache hints of results (protocol 2026-07-28): how long a client may keep one, and who may share it.

use rmcp::RoleServer;
use rmcp::model::{CacheScope, ProtocolVersion};
use rmcp::service::RequestContext;

/// How long a client may keep what cannot change while the server runs.
const FIXED_TTL_MS: u64 = 3_600_000;

/// What a result depends on besides the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultBasis {
    /// On nothing: it is part of the program.
    Program,
    /// On the settings of the server and, over HTTP, the role of the caller.
    Server,
    /// On stored rows, which any process may change at any time.
    Store,
}

/// The hints for a client; without values for one that does not know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheHints {
    pub ttl_ms: Option<u64>,
    pub cache_scope: Option<CacheScope>,
}

impl CacheHints {
    /// `lists` is the scope of what depends on the server.
    pub fn new(
        context: &RequestContext<RoleServer>,
        basis: ResultBasis,
        lists: CacheScope,
    ) -> Self {
        let version = context.protocol_version();
        if version.is_none_or(|version| version < ProtocolVersion::V_2026_07_28) {
            return Self { ttl_ms: None, cache_scope: None };
        }
        let (ttl_ms, cache_scope) = match basis {
            ResultBasis::Program => (FIXED_TTL_MS, CacheScope::Public),
            ResultBasis::Server => (FIXED_TTL_MS, lists),
            ResultBasis::Store => (0, CacheScope::Private),
        };
        Self { ttl_ms: Some(ttl_ms), cache_scope: Some(cache_scope) }
    }
}
