//! The MCP server: its capabilities, request handlers and shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
    CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, GetSkillRequestParams, GetSkillResult, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListSkillsResult, ListToolsResult, PaginatedRequestParams, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Role, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::watch;

use super::approval::{PendingApprovals, ToolOutcome};
use super::caching::{CacheHints, ResultBasis};
use super::context::find_lost_part;
use super::errors::{
    not_read, one_page, request_error, shown_text, tool_error, unknown_skill, unserved_method,
};
use super::log::{Failure, log_request};
use super::next_step::render_step;
use super::prompts::RequestedPrompt;
use super::rights::{describe_rights, explain_withheld};
use super::tools::{Answers, describe_tool, render_result};
use super::transport::LineTransport;
use super::{apps, completion, prompts, resources, skills};
use crate::app::answer::Answer;
use crate::app::registry::OperationRegistry;
use crate::app::service::Service;
use crate::model::{Error, Result};
use crate::ops::View;
use crate::platform::stop_signal;

/// Instructions for the agent; clients truncate them at 2,048 characters.
const INSTRUCTIONS: &str = include_str!("instructions.txt");

/// A server for one client, or for all clients with the same rights over HTTP.
#[derive(Clone)]
pub struct Server {
    pub(super) service: Service,
    answers: Answers,
    /// Questions that no person has answered yet.
    pub(super) pending: Arc<PendingApprovals>,
    /// Whether the client has disconnected.
    pub(super) ended: watch::Receiver<bool>,
    /// Whether the session has begun, with or without a handshake.
    begun: Arc<AtomicBool>,
    /// Who may share a cached list.
    lists: CacheScope,
}

impl Server {
    pub fn new(service: Service, answers: Answers) -> Self {
        let (pending, begun) = (Arc::default(), Arc::default());
        let (_, ended) = watch::channel(true);
        Self { service, answers, pending, ended, begun, lists: CacheScope::Public }
    }

    /// The lists depend on the caller.
    pub fn with_private_lists(self) -> Self {
        Self { lists: CacheScope::Private, ..self }
    }

    /// Returns a server for another session with the same store.
    pub fn begin_session(&self) -> Self {
        Self { begun: Arc::default(), ..self.clone() }
    }

    fn registry(&self) -> &OperationRegistry {
        &self.service.registry
    }

    /// Serves until the end of input or a stop signal; requests in progress are finished.
    pub async fn run(self, lines: LineTransport) -> Result<()> {
        self.run_until(lines, stop_signal()).await
    }

    /// Same as [`Self::run`], with `stop` in place of the signal.
    pub async fn run_until(
        mut self,
        lines: LineTransport,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        self.ended = lines.ended();
        let mut stop = std::pin::pin!(stop);
        loop {
            let server = self.begin_session();
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
                    tracing::info!("the client went away: {}", shown_text(&error.to_string()));
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!("a message before a session began");
                    tracing::debug!("before a session began: {error}");
                }
            }
        }
    }

    /// Handles a request. The first one begins the session if there was no handshake.
    async fn serve<T, E: Failure>(
        &self,
        method: &str,
        name: &str,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.begun.store(true, Ordering::SeqCst);
        log_request(method, name, request).await
    }

    /// Runs a read for a request other than a tool call.
    async fn read<T: Send + 'static>(
        &self,
        method: &'static str,
        name: &str,
        job: Result<impl FnOnce(&View<'_>) -> Result<T> + Send + 'static>,
    ) -> Result<T> {
        self.serve(method, name, async { self.service.store.read(method, job?).await }).await
    }

    fn cache_hints(&self, context: &RequestContext<RoleServer>, basis: ResultBasis) -> CacheHints {
        CacheHints::new(context, basis, self.lists)
    }

    fn unknown_tool(&self, name: &str) -> ErrorData {
        let why = self.registry().withheld(name).map(explain_withheld);
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        ErrorData::invalid_params(format!("Unknown tool: {}{why}", shown_text(name)), None)
    }

    fn render(&self, mut answer: Answer) -> CallToolResult {
        let step = answer.next_step.take();
        let step = step.and_then(|step| render_step(&step, self.registry()));
        render_result(answer.with_next_step(step), self.answers)
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .enable_skills()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("atocore", env!("CARGO_PKG_VERSION")).with_title("atocore"),
            )
            .with_instructions(format!("{INSTRUCTIONS}{}", describe_rights(self.registry().rights)))
    }

    async fn ping(&self, _context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        log_request("ping", "", async { Ok(()) }).await
    }

    /// Does not begin the session: a client may discover the server and then initialize.
    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut found = DiscoverResult::from_server_info(versions, self.get_info());
        let hints = self.cache_hints(&context, ResultBasis::Server);
        found.ttl_ms = hints.ttl_ms.unwrap_or(found.ttl_ms);
        found.cache_scope = hints.cache_scope.unwrap_or(found.cache_scope);
        log_request("server/discover", "", async { Ok(found) }).await
    }

    /// Refuses a second handshake: the session belongs to the client that began it.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        log_request("initialize", "", async {
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
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.serve("tools/list", "", async {
            let operations = self.registry().operations().iter();
            let tools = operations.map(|operation| describe_tool(operation, self.answers));
            let CacheHints { ttl_ms, cache_scope } =
                self.cache_hints(&context, ResultBasis::Server);
            let list = ListToolsResult::with_all_items(tools.collect());
            Ok(ListToolsResult { ttl_ms, cache_scope, ..list })
        })
        .await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(operation) = self.registry().get(&request.name) else {
            let unknown = self.unknown_tool(&request.name);
            return self.serve("tools/call", "", async { Err(unknown) }).await;
        };
        let name = operation.about.name;
        let call = async {
            match find_lost_part(&context) {
                Some(loss) => Err(loss.clone().into_error("")),
                None => self.call_with_approval(operation, request, &context).await,
            }
        };
        match self.serve("tools/call", name, call).await {
            Ok(ToolOutcome::Input(required)) => Ok(required.into()),
            Ok(ToolOutcome::Answered(answer)) => Ok(self.render(answer).into()),
            Err(error @ Error::Internal(_)) => Err(request_error(error, self.registry())),
            Err(error) => Ok(tool_error(&error, self.registry()).into()),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let with_apps = self.answers.are_structured()
            && context.client_capabilities().is_some_and(|client| apps::is_supported(&client));
        let job = move |view: &View<'_>| resources::list(view, cursor.as_deref(), with_apps);
        let list = self.read("resources/list", "", Ok(job)).await;
        let list = list.map_err(|error| request_error(error, self.registry()))?;
        let CacheHints { ttl_ms, cache_scope } = self.cache_hints(&context, ResultBasis::Store);
        Ok(ListResourcesResult { ttl_ms, cache_scope, ..list })
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        self.serve("resources/templates/list", "", async {
            one_page(request)?;
            let CacheHints { ttl_ms, cache_scope } =
                self.cache_hints(&context, ResultBasis::Program);
            let list = ListResourceTemplatesResult::with_all_items(resources::list_templates());
            Ok(ListResourceTemplatesResult { ttl_ms, cache_scope, ..list })
        })
        .await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let reading = resources::prepare_read(&self.service, &request.uri);
        let contents = self.read("resources/read", "", reading).await;
        let contents = contents.map_err(|error| not_read(&request.uri, error, self.registry()))?;
        let hints = self.cache_hints(&context, resources::basis_of(&request.uri));
        let mut result = ReadResourceResult::new(vec![contents]);
        (result.ttl_ms, result.cache_scope) = (hints.ttl_ms, hints.cache_scope);
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let job = completion::find_completer(self.registry().rights, &request).map(|completes| {
            move |view: &View<'_>| {
                completion::complete_argument(view, completes, &request.argument.value)
            }
        });
        let found = self.read("completion/complete", "", job).await;
        found.map(CompleteResult::new).map_err(|error| request_error(error, self.registry()))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        self.serve("prompts/list", "", async {
            one_page(request)?;
            let CacheHints { ttl_ms, cache_scope } =
                self.cache_hints(&context, ResultBasis::Server);
            let list = ListPromptsResult::with_all_items(prompts::list(self.registry()));
            Ok(ListPromptsResult { ttl_ms, cache_scope, ..list })
        })
        .await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name = prompts::known_name(&request.name).unwrap_or_default();
        let asked = RequestedPrompt::new(&self.service, &request.name, request.arguments);
        let job =
            asked.map(|asked| move |view: &View<'_>| Ok((asked.description, asked.message(view)?)));
        let read = self.read("prompts/get", name, job).await;
        let (description, message) = read.map_err(|error| request_error(error, self.registry()))?;
        let message = PromptMessage::new_text(Role::User, message);
        Ok(GetPromptResult::new(vec![message]).with_description(description).into())
    }

    async fn list_skills(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        self.serve("skills/list", "", async {
            one_page(request)?;
            let CacheHints { ttl_ms, cache_scope } =
                self.cache_hints(&context, ResultBasis::Server);
            let list = ListSkillsResult::with_all_items(skills::list(self.registry().rights));
            Ok(ListSkillsResult { ttl_ms, cache_scope, ..list })
        })
        .await
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        self.serve("skills/get", "", async {
            let mut skills = skills::list(self.registry().rights).into_iter();
            let found = skills.find(|skill| skill.uri == request.uri);
            let skill = found.ok_or_else(|| unknown_skill(&request.uri))?;
            let hints = self.cache_hints(&context, ResultBasis::Program);
            let mut result = GetSkillResult::new(skill);
            (result.ttl_ms, result.cache_scope) = (hints.ttl_ms, hints.cache_scope);
            Ok(result)
        })
        .await
    }

    /// The SDK passes a known method here only if its parameters could not be parsed.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let version = context.protocol_version();
        let (method, error) = unserved_method(&request.method, version.as_ref());
        log_request(method, "", async { Err(error) }).await
    }
}
