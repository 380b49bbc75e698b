//! The state that all requests share.

use std::sync::Arc;

use super::challenge::METADATA_PATH;
use super::event_feed::EventFeed;
use super::mcp_servers::McpServers;
use super::principal::AccessRules;
use super::rate_limit::RateLimits;
use super::session::{Sessions, WebSession};
use crate::app::registry::{OperationRegistry, Selection};
use crate::app::rights::Rights;
use crate::app::service::Service;
use crate::app::store_handle::StoreHandle;
use crate::model::{Result, Role};
use crate::ops::sources::files::Root;

/// The store, its operations for each role, and the open sessions.
pub struct WebState {
    pub store: StoreHandle,
    services: Vec<(Role, Service)>,
    pub rules: AccessRules,
    pub sessions: Sessions,
    /// The session of all callers of a server that is open to everybody on this machine.
    pub shared_session: Option<Arc<WebSession>>,
    pub events: EventFeed,
    pub mcp: McpServers,
    pub rate_limits: RateLimits,
}

impl WebState {
    pub fn new(
        store: StoreHandle,
        rules: AccessRules,
        person: &str,
        default_project: Option<&str>,
        roots: &[Root],
    ) -> Result<Self> {
        let ontology = store.settings().ontology.clone();
        let services = Role::ALL.map(|role| {
            let (project, rights) = (default_project.map(str::to_owned), Rights::of_role(role));
            let registry =
                OperationRegistry::new(&ontology, &Selection::Everything, project, rights)?;
            Ok((role, Service::new(store.clone(), registry, roots.to_vec())))
        });
        let services = services.into_iter().collect::<Result<_>>()?;
        let events = EventFeed::new(store.clone());
        let shared = rules.anonymous.filter(|role| *role >= Role::Review);
        let shared =
            shared.map(|role| WebSession::new(person, role, "")).transpose()?.map(Arc::new);
        let sessions = Sessions::default();
        let origin = rules.origins.first().map(String::as_str).unwrap_or_default();
        let mcp = McpServers::new(&store, default_project, roots, origin)?;
        let rate_limits = RateLimits::new(rules.rate_limit);
        let shared_session = shared;
        Ok(Self { store, services, rules, sessions, shared_session, events, mcp, rate_limits })
    }

    /// Returns the operations with the rights of a role.
    pub fn service_of(&self, role: Role) -> &Service {
        let found = self.services.iter().find(|(of, _)| *of == role);
        &found.unwrap_or(&self.services[0]).1
    }

    /// Returns the least role that offers an operation.
    pub fn role_for(&self, operation: &str) -> Role {
        let offers = |(_, service): &&(Role, Service)| service.registry.get(operation).is_some();
        self.services.iter().find(offers).map_or(Role::Admin, |(role, _)| *role)
    }

    /// Whether browsers reach the server over TLS.
    pub fn has_tls(&self) -> bool {
        self.rules.origins.iter().all(|origin| origin.starts_with("https:"))
    }

    /// Whether a path is served without credentials: what browsers and clients need to sign in.
    pub fn is_public(&self, path: &str) -> bool {
        matches!(path, "/login" | "/health" | "/v1/health")
            || path.starts_with("/assets/")
            || path.starts_with(METADATA_PATH)
    }
}
