//! The MCP server: which tools are on, what they answer, and how serving ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
    CompleteResult, ContentBlock, CustomRequest, CustomResult, DiscoverResult, ErrorData,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Role, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::approval::{Approval, Called, Desk, Gate, Outcome};
use super::bridge::Bridge;
use super::errors::{failed, not_read, one_page, refused, shown, unserved};
use super::log::{Failure, logged};
use super::prompts::Asked;
use super::rights::Rights;
use super::shelf::Shelf;
use super::stop::stop_signal;
use super::tool::{Job, Steps, Tool};
use super::transport::Lines;
use super::{completion, prompts, resources, tools};
use crate::model::text::{collapse, is_blank};
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
    pub rights: Rights,
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
    pub(super) bridge: Bridge,
    shelf: Arc<Shelf>,
    roots: Arc<[Root]>,
    pub(super) rights: Rights,
    /// The questions that a person has not answered yet.
    pub(super) desk: Arc<Desk>,
    /// Whether the client has gone.
    pub(super) ended: watch::Receiver<bool>,
    /// Whether a client has introduced itself, or was served without.
    begun: Arc<AtomicBool>,
}

impl Server {
    pub fn new(bridge: Bridge, ontology: &Ontology, options: Options) -> Result<Self> {
        let (on, off) = split(ontology, &options.selection)?;
        let rights = options.rights;
        let (withheld, mut on): (Vec<Tool>, Vec<Tool>) =
            on.into_iter().partition(|tool| rights.withholds(tool).is_some());
        on.iter_mut().for_each(|tool| rights.narrow(tool));
        let off = off.into_iter().chain(withheld).collect();
        let shelf = Shelf { on, off, default_project: options.default_project, rights };
        let shelf = Arc::new(shelf);
        let (roots, desk, begun) = (options.roots.into(), Arc::default(), Arc::default());
        let (_, ended) = watch::channel(true);
        Ok(Self { bridge, shelf, roots, rights, desk, ended, begun })
    }

    /// Serves until the end of input or a signal to stop; what is in hand is finished.
    pub async fn run(self, lines: Lines) -> Result<()> {
        self.run_until(lines, stop_signal()).await
    }

    /// As [`Self::run`], with something else in place of the signal.
    pub async fn run_until(mut self, lines: Lines, stop: impl Future<Output = ()>) -> Result<()> {
        self.ended = lines.ended();
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
                    tracing::info!("the client went away: {}", shown(&error.to_string()));
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!("a message before a session began");
                    tracing::debug!("before a session began: {error}");
                }
            }
        }
    }

    /// Serves a request of the session, which begins with it if there was no handshake.
    async fn serve<T, E: Failure>(
        &self,
        method: &str,
        name: &str,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.begun.store(true, Ordering::SeqCst);
        logged(method, name, request).await
    }

    /// Reads for a request that is no call of a tool.
    async fn read<T: Send + 'static>(
        &self,
        method: &'static str,
        name: &str,
        job: Result<impl FnOnce(&View<'_>) -> Result<T> + Send + 'static>,
    ) -> Result<T> {
        self.serve(method, name, async { self.bridge.read(method, job?).await }).await
    }

    fn unknown_tool(&self, name: &str) -> ErrorData {
        let off = self.shelf.off.iter().find(|tool| tool.about.name == name);
        let why = off.and_then(|tool| self.rights.withholds(tool));
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        ErrorData::invalid_params(format!("Unknown tool: {}{why}", shown(name)), None)
    }

    pub(super) async fn call(
        &self,
        tool: &Tool,
        arguments: Map<String, Value>,
        client: Option<&str>,
        approval: Option<Approval>,
    ) -> Result<Called> {
        let name = tool.about.name;
        match tool.prepare(arguments, self.shelf.default_project.as_deref())? {
            Job::Read(job) => Ok(Called::Done(self.bridge.read(name, job).await?.render())),
            Job::Write(mut write) => {
                let actor = actor_name(write.actor.take(), client)?;
                let gate = Gate::new(self.rights.promotion, approval);
                let at_gate = gate.clone();
                let (roots, project) =
                    (Arc::clone(&self.roots), self.shelf.default_project.clone());
                let run = move |db: &Db| {
                    let default_project = project.as_deref();
                    let (actor, roots, gate) = (&actor, &roots, &at_gate);
                    write.run(db, Steps { actor, note: "", roots, default_project, gate })
                };
                gate.outcome(self.bridge.steps(name, run).await)
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
            .with_instructions(format!("{INSTRUCTIONS}{}", self.rights.instructions()))
    }

    async fn ping(&self, _context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        logged("ping", "", async { Ok(()) }).await
    }

    /// Begins nothing: a client may look, and then introduce itself.
    async fn discover(
        &self,
        _context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let found = DiscoverResult::from_server_info(versions, self.get_info());
        logged("server/discover", "", async { Ok(found) }).await
    }

    /// The session stays that of the client that began it.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        logged("initialize", "", async {
            if self.begun.swap(true, Ordering::SeqCst) {
                let message = "the session has begun already";
                return Err(ErrorData::invalid_request(message, None));
            }
            context.peer.set_peer_info(request.clone());
            self.negotiate_initialize(&request)
        })
        .await
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.serve("tools/list", "", async {
            let specs = self.shelf.on.iter().map(|tool| tool.spec.clone()).collect();
            let mut list = ListToolsResult::with_all_items(specs);
            list.ttl_ms = Some(FIXED_TTL_MS);
            list.cache_scope = Some(CacheScope::Public);
            Ok(list)
        })
        .await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.shelf.callable(&request.name) else {
            let unknown = self.unknown_tool(&request.name);
            return self.serve("tools/call", "", async { Err(unknown) }).await;
        };
        let name = tool.about.name;
        match self.serve("tools/call", name, self.converse(tool, request, &context)).await {
            Ok(Outcome::Input(required)) => Ok(required.into()),
            Ok(Outcome::Reply(reply)) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(reply.text)]);
                result.structured_content = Some(reply.structured);
                Ok(result.into())
            }
            Err(error @ Error::Internal(_)) => Err(refused(error, &self.shelf)),
            Err(error) => Ok(failed(&error, &self.shelf).into()),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let job = move |view: &View<'_>| resources::list(view, cursor.as_deref());
        self.read("resources/list", "", Ok(job)).await.map_err(|error| refused(error, &self.shelf))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        self.serve("resources/templates/list", "", async {
            one_page(request)?;
            let mut list = ListResourceTemplatesResult::with_all_items(resources::templates());
            list.ttl_ms = Some(FIXED_TTL_MS);
            list.cache_scope = Some(CacheScope::Public);
            Ok(list)
        })
        .await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let reading = resources::reading(&self.shelf, &request.uri);
        let contents = self.read("resources/read", "", reading).await;
        let contents = contents.map_err(|error| not_read(&request.uri, error, &self.shelf))?;
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let job = completion::completes(self.rights, &request).map(|completes| {
            move |view: &View<'_>| completion::completed(view, completes, &request.argument.value)
        });
        let found = self.read("completion/complete", "", job).await;
        found.map(CompleteResult::new).map_err(|error| refused(error, &self.shelf))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        self.serve("prompts/list", "", async {
            one_page(request)?;
            let mut list = ListPromptsResult::with_all_items(prompts::list(&self.shelf));
            list.ttl_ms = Some(FIXED_TTL_MS);
            list.cache_scope = Some(CacheScope::Public);
            Ok(list)
        })
        .await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name = prompts::known(&request.name).unwrap_or_default();
        let asked = Asked::new(&self.shelf, &request.name, request.arguments);
        let job =
            asked.map(|asked| move |view: &View<'_>| Ok((asked.description, asked.message(view)?)));
        let read = self.read("prompts/get", name, job).await;
        let (description, message) = read.map_err(|error| refused(error, &self.shelf))?;
        let message = PromptMessage::new_text(Role::User, message);
        Ok(GetPromptResult::new(vec![message]).with_description(description).into())
    }

    /// A known method gets here only when its parameters could not be read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let (method, error) = unserved(&request.method);
        logged(method, "", async { Err(error) }).await
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
pub(super) fn client_name(given: Option<&str>) -> String {
    match collapse(given.unwrap_or_default()) {
        name if is_blank(&name) => "agent".to_owned(),
        name => name.chars().take(checks::MAX_NAME).collect(),
    }
}
