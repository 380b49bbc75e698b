//! The MCP server: which tools are on, what they answer, and how serving ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
    CompleteResult, ContentBlock, CustomRequest, CustomResult, ErrorCode, ErrorData,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Role, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Map, Value};

use super::answer::Answer;
use super::bridge::Bridge;
use super::errors::{failed, not_read, one_page, refused};
use super::prompts::Asked;
use super::shelf::Shelf;
use super::tool::{Job, Steps, Tool};
use super::transport::Lines;
use super::{completion, prompts, resources, tools};
use crate::model::text::{abridged, collapse, is_blank};
use crate::model::{Error, Ontology, Result};
use crate::ops::checks;
use crate::ops::sources::files::Root;
use crate::store::{Db, View};

/// How an agent is told to work with the store; clients cut it at 2,048 characters.
const INSTRUCTIONS: &str = include_str!("instructions.txt");
/// How long a client may keep a list that does not change while the server runs.
const FIXED_TTL_MS: u64 = 3_600_000;

/// Which tools are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    #[default]
    Default,
    All,
    /// The default ones and these.
    With(Vec<String>),
}

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub selection: Selection,
    /// The project of calls that name none.
    pub default_project: Option<String>,
    /// Folders below which sources may be read.
    pub roots: Vec<Root>,
}

/// The tools that are on, or an error for a name that is none.
pub fn select(ontology: &Ontology, selection: &Selection) -> Result<Vec<Tool>> {
    split(ontology, selection).map(|(on, _)| on)
}

/// The tools that are on, and the others.
fn split(ontology: &Ontology, selection: &Selection) -> Result<(Vec<Tool>, Vec<Tool>)> {
    let all = tools::all(ontology);
    let named: &[String] = match selection {
        Selection::All => return Ok((all, Vec::new())),
        Selection::Default => &[],
        Selection::With(names) => names,
    };
    if let Some(unknown) = named.iter().find(|name| !all.iter().any(|t| t.about.name == **name)) {
        let names: Vec<&str> = all.iter().map(|tool| tool.about.name).collect();
        return Err(Error::invalid(
            "--tools",
            format!("there is no tool {unknown:?}"),
            format!("Tools: all, {}.", names.join(", ")),
        ));
    }
    let on = |tool: &Tool| tool.default || named.iter().any(|name| name == tool.about.name);
    Ok(all.into_iter().partition(on))
}

/// One server process, serving one client.
#[derive(Clone)]
pub struct Server {
    bridge: Bridge,
    shelf: Arc<Shelf>,
    roots: Arc<[Root]>,
    /// Whether a client has introduced itself.
    begun: Arc<AtomicBool>,
}

impl Server {
    pub fn new(bridge: Bridge, ontology: &Ontology, options: Options) -> Result<Self> {
        let (on, off) = split(ontology, &options.selection)?;
        let shelf = Arc::new(Shelf { on, off, default_project: options.default_project });
        Ok(Self { bridge, shelf, roots: options.roots.into(), begun: Arc::default() })
    }

    /// Serves until the end of input or a signal to stop; what is in hand is finished.
    pub async fn run(self, lines: Lines) -> Result<()> {
        self.run_until(lines, stop_signal()).await
    }

    /// As [`Self::run`], with something else in place of the signal.
    pub async fn run_until(self, lines: Lines, stop: impl Future<Output = ()>) -> Result<()> {
        let mut stop = std::pin::pin!(stop);
        loop {
            let server = Self { begun: Arc::default(), ..self.clone() };
            let started = tokio::select! {
                started = rmcp::serve_server(server, lines.clone()) => started,
                () = &mut stop => return Ok(()),
            };
            match started {
                Ok(running) => {
                    let stopping = running.cancellation_token();
                    let mut running = std::pin::pin!(running.waiting());
                    let ended = tokio::select! {
                        ended = &mut running => ended,
                        () = &mut stop => {
                            stopping.cancel();
                            running.await
                        }
                    };
                    return ended.map(drop).map_err(|error| Error::Internal(error.to_string()));
                }
                Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
                Err(ServerInitializeError::TransportError { error, .. }) => {
                    tracing::info!("the client went away: {error}");
                    return Ok(());
                }
                Err(error) => tracing::warn!("before a session began: {error}"),
            }
        }
    }

    async fn call(
        &self,
        tool: &Tool,
        arguments: Map<String, Value>,
        client: Option<&str>,
    ) -> Result<Answer> {
        match tool.prepare(arguments, self.shelf.default_project.as_deref())? {
            Job::Read(job) => self.bridge.read(tool.about.name, job).await,
            Job::Write { actor, job } => {
                self.bridge.write(actor_name(actor, client)?, tool.about.name, job).await
            }
            Job::Steps { actor, job } => {
                let actor = actor_name(actor, client)?;
                let (roots, project) =
                    (Arc::clone(&self.roots), self.shelf.default_project.clone());
                let steps = move |db: &Db| {
                    let default_project = project.as_deref();
                    job(db, Steps { actor: &actor, note: "", roots: &roots, default_project })
                };
                self.bridge.steps(tool.about.name, steps).await
            }
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("atocore", env!("CARGO_PKG_VERSION")).with_title("atocore"),
            )
            .with_instructions(INSTRUCTIONS)
    }

    /// The session stays that of the client that began it.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        if self.begun.swap(true, Ordering::SeqCst) {
            let message = "the session has begun already";
            return Err(ErrorData::invalid_request(message, None));
        }
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let specs = self.shelf.on.iter().map(|tool| tool.spec.clone()).collect();
        let mut list = ListToolsResult::with_all_items(specs);
        list.ttl_ms = Some(FIXED_TTL_MS);
        list.cache_scope = Some(CacheScope::Public);
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.shelf.callable(&request.name) else {
            let message = format!("Unknown tool: {}", abridged(&request.name));
            return Err(ErrorData::invalid_params(message, None));
        };
        let client = context.client_info().map(|info| info.name);
        let arguments = request.arguments.unwrap_or_default();
        match self.call(tool, arguments, client.as_deref()).await {
            Ok(answer) => {
                let (text, structured) = answer.render();
                let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
                result.structured_content = Some(structured);
                Ok(result.into())
            }
            Err(error @ Error::Internal(_)) => Err(refused(error)),
            Err(error) => Ok(failed(&error).into()),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let job = move |view: &View<'_>| resources::list(view, cursor.as_deref());
        self.bridge.read("resources/list", job).await.map_err(refused)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(request)?;
        let mut list = ListResourceTemplatesResult::with_all_items(resources::templates());
        list.ttl_ms = Some(FIXED_TTL_MS);
        list.cache_scope = Some(CacheScope::Public);
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let unread = |error| not_read(&request.uri, error);
        let reading = resources::reading(&self.shelf, &request.uri).map_err(unread)?;
        let contents = self.bridge.read("resources/read", reading).await.map_err(unread)?;
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let completes = completion::completes(&request).map_err(refused)?;
        let job =
            move |view: &View<'_>| completion::completed(view, completes, &request.argument.value);
        let found = self.bridge.read("completion/complete", job).await;
        found.map(CompleteResult::new).map_err(refused)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page(request)?;
        let mut list = ListPromptsResult::with_all_items(prompts::list(&self.shelf));
        list.ttl_ms = Some(FIXED_TTL_MS);
        list.cache_scope = Some(CacheScope::Public);
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let asked = Asked::new(&self.shelf, &request.name, request.arguments).map_err(refused)?;
        let description = asked.description;
        let message = self
            .bridge
            .read("prompts/get", move |view| asked.message(view))
            .await
            .map_err(refused)?;
        let message = PromptMessage::new_text(Role::User, message);
        Ok(GetPromptResult::new(vec![message]).with_description(description).into())
    }

    /// A known method gets here only when its parameters could not be read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        match request.method.as_str() {
            "initialize"
            | "ping"
            | "server/discover"
            | "tools/call"
            | "tools/list"
            | "resources/list"
            | "resources/templates/list"
            | "resources/read"
            | "prompts/list"
            | "prompts/get"
            | "completion/complete" => {
                let message = format!("the parameters of {} could not be read", request.method);
                Err(ErrorData::invalid_params(message, None))
            }
            other => {
                let message = abridged(other).into_owned();
                Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
            }
        }
    }
}

/// Who acts: whom the call names, else the client.
fn actor_name(given: Option<String>, client: Option<&str>) -> Result<String> {
    match given.filter(|actor| !actor.trim().is_empty()) {
        Some(actor) => checks::name("actor", &actor),
        None => Ok(client_name(client)),
    }
}

/// The client as an actor, whatever it calls itself.
fn client_name(given: Option<&str>) -> String {
    match collapse(given.unwrap_or_default()) {
        name if is_blank(&name) => "agent".to_owned(),
        name => name.chars().take(checks::MAX_NAME).collect(),
    }
}

/// Waits for the signal that asks a process to stop.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to hear signals the process is stopped by the end of input.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
