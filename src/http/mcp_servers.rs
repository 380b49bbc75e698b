//! The MCP servers of the HTTP server, and their sessions.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

use super::arguments::MAX_BODY;
use super::problem::Problem;
use crate::app::person_access::PersonAccess;
use crate::app::registry::{OperationRegistry, Selection};
use crate::app::rights::Rights;
use crate::app::service::Service;
use crate::app::store_handle::StoreHandle;
#[cfg(feature = "conformance-fixtures")]
use crate::mcp::fixtures::FixtureServer as SessionServer;
use crate::mcp::server::Server;
#[cfg(not(feature = "conformance-fixtures"))]
use crate::mcp::server::Server as SessionServer;
use crate::mcp::tools::Answers;
use crate::model::{Result, Role};
use crate::ops::sources::files::Root;

/// The paths, and the form of the answers of each.
pub const PATHS: [(&str, Answers); 3] = [
    ("/mcp", Answers::Both),
    ("/mcp/text", Answers::Text),
    ("/mcp/structured", Answers::Structured),
];
/// Maximum open sessions of one role and form of answers.
const MAX_SESSIONS: usize = 1_000;
/// How long a session may be without a request. A client may wait for its person over night.
const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// One MCP server for each role and form of answers.
pub struct McpServers {
    servers: Vec<McpServer>,
    config: StreamableHttpServerConfig,
}

/// One of them.
pub struct McpServer {
    role: Role,
    answers: Answers,
    sessions: Arc<LocalSessionManager>,
    pub service: StreamableHttpService<SessionServer, LocalSessionManager>,
}

impl McpServers {
    pub fn new(
        store: &StoreHandle,
        default_project: Option<&str>,
        roots: &[Root],
        origin: &str,
    ) -> Result<Self> {
        let mut config = StreamableHttpServerConfig::default().disable_allowed_hosts();
        config.max_request_body_bytes = MAX_BODY;
        let ontology = Arc::clone(&store.settings().ontology);
        let mut servers = Vec::new();
        for role in Role::ALL {
            let (project, rights) = (default_project.map(str::to_owned), Rights::of_role(role));
            let registry = OperationRegistry::new(&ontology, &Selection::Default, project, rights)?
                .with_person_access(PersonAccess::Page { origin: origin.to_owned() });
            let service = Service::new(store.clone(), registry, roots.to_vec());
            for (_, answers) in PATHS {
                let server = Server::new(service.clone(), answers).with_private_lists();
                servers.push(McpServer::new(role, answers, server, &config));
            }
        }
        Ok(Self { servers, config })
    }

    /// Ends all sessions and streams.
    pub fn end(&self) {
        self.config.cancellation_token.cancel();
    }

    pub fn find(&self, role: Role, answers: Answers) -> Option<&McpServer> {
        self.servers.iter().find(|server| server.role == role && server.answers == answers)
    }
}

impl McpServer {
    fn new(
        role: Role,
        answers: Answers,
        server: Server,
        config: &StreamableHttpServerConfig,
    ) -> Self {
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(SESSION_LIFETIME);
        let sessions = Arc::new(sessions);
        let factory = move || Ok(SessionServer::begin_session(&server));
        let service = StreamableHttpService::new(factory, Arc::clone(&sessions), config.clone());
        Self { role, answers, sessions, service }
    }

    /// Refuses one more session than a server may have.
    pub async fn refuse_session_beyond_limit(&self) -> Result<(), Problem> {
        if self.sessions.sessions.read().await.len() < MAX_SESSIONS {
            return Ok(());
        }
        let detail = format!("{MAX_SESSIONS} sessions are open");
        let hint = "End sessions that are not in use (DELETE with Mcp-Session-Id), or speak \
            protocol 2026-07-28, which has none.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Err(Problem::new(status, "busy", detail, hint))
    }
}
