//! The tools, prompts and resources that the conformance suite names, in addition to those of the
//! server; a build has them only with the feature `conformance-fixtures`. `fixtures.json` is their
//! content. The suite runs on the transport, the checks and the server that a product build has.

use std::sync::LazyLock;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities,
    CompleteRequestParams, CompleteResult, CompletionInfo, ContentBlock, CustomRequest,
    CustomResult, DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InitializeRequestParams, InitializeResult, InputRequest, InputRequests,
    InputRequiredResult, InputResponses, JsonObject, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, Prompt, PromptMessage, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Reference, Resource, ResourceContents,
    ResourceTemplate, SamplingCapability, ServerConfig, ServerRequest, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::server::Server;
use crate::app::access_tokens::random_text;
use crate::model::hash::digest;

static FIXTURES: LazyLock<FixtureSet> = LazyLock::new(|| {
    serde_json::from_str(include_str!("fixtures.json")).unwrap_or_else(|error| {
        tracing::error!("fixtures.json: {error}");
        FixtureSet::default()
    })
});

/// By which this process recognises the states that it gave.
static STATE_KEY: LazyLock<String> = LazyLock::new(|| random_text().unwrap_or_default());

#[derive(Default, Deserialize)]
struct FixtureSet {
    tools: Vec<ToolFixture>,
    prompts: Vec<PromptFixture>,
    resources: Vec<ResourceFixture>,
    templates: Vec<ResourceTemplate>,
    /// What a template reads as; `{id}` is the variable part.
    template_contents: Value,
}

#[derive(Deserialize)]
struct ToolFixture {
    name: String,
    #[serde(default)]
    properties: Value,
    #[serde(default)]
    asks: Questions,
    #[serde(default)]
    reports_progress: bool,
    #[serde(default)]
    needs_sampling: bool,
    #[serde(default)]
    fails: bool,
    content: Vec<ContentBlock>,
}

#[derive(Deserialize)]
struct PromptFixture {
    prompt: Prompt,
    #[serde(default)]
    asks: Questions,
    /// With `{NAME}` for an argument.
    messages: Value,
}

#[derive(Deserialize)]
struct ResourceFixture {
    resource: Resource,
    contents: ResourceContents,
}

/// What the client is asked before the answer.
#[derive(Default, Deserialize)]
struct Questions {
    rounds: Vec<InputRequests>,
    /// Whether the client has to send a state back.
    #[serde(default)]
    with_state: bool,
}

/// What became of the questions.
enum QuestionOutcome {
    Answered(Vec<Value>),
    /// The client has to ask, and repeat the request.
    Open(InputRequiredResult),
}

/// The server of a session, with the fixtures.
pub struct FixtureServer(Server);

impl FixtureServer {
    pub fn begin_session(server: &Server) -> Self {
        Self(server.begin_session())
    }
}

impl Questions {
    /// Asks the client: before 2026-07-28 by requests, since then by the result of the call.
    async fn ask(
        &self,
        responses: Option<InputResponses>,
        state: Option<String>,
        context: &RequestContext<RoleServer>,
    ) -> Result<QuestionOutcome, ErrorData> {
        let version = context.protocol_version();
        if version.is_none_or(|version| version < ProtocolVersion::V_2026_07_28) {
            let mut answers = Vec::new();
            for request in self.rounds.iter().flat_map(|round| round.values()) {
                answers.push(send_request(request.clone(), context).await?);
            }
            return Ok(QuestionOutcome::Answered(answers));
        }
        let declared = context.client_capabilities().unwrap_or_default();
        let responses = responses.unwrap_or_default();
        let mut round = state.as_deref().map_or(Ok(0), open_state)?;
        let Some(asked) = self.rounds.get(round) else {
            return Ok(QuestionOutcome::Answered(Vec::new()));
        };
        let answered = |key| responses.get(key).is_some_and(Value::is_object);
        if select_supported(asked, &declared).keys().all(answered) {
            round += 1;
        }
        Ok(match self.rounds.get(round) {
            None => QuestionOutcome::Answered(responses.into_values().collect()),
            Some(next) => {
                let requests = select_supported(next, &declared);
                let state = self.with_state.then(|| seal_state(round));
                QuestionOutcome::Open(InputRequiredResult::new(Some(requests), state))
            }
        })
    }
}

/// Returns the requests for which the client declared the capability.
fn select_supported(requests: &InputRequests, declared: &ClientCapabilities) -> InputRequests {
    let supported = |request: &InputRequest| match request {
        InputRequest::CreateMessage(_) => declared.sampling.is_some(),
        InputRequest::Elicitation(_) => declared.elicitation.is_some(),
        InputRequest::ListRoots(_) => declared.roots.is_some(),
        _ => false,
    };
    let requests = requests.iter().filter(|(_, request)| supported(request));
    requests.map(|(key, request)| (key.clone(), request.clone())).collect()
}

async fn send_request(
    request: InputRequest,
    context: &RequestContext<RoleServer>,
) -> Result<Value, ErrorData> {
    let request = match request {
        InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
        InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
        InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
        _ => return Err(ErrorData::internal_error("an unknown request", None)),
    };
    let answer = context.peer.send_request(request).await;
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(json!(answer))
}

/// Returns the state of a round, which no client can make.
fn seal_state(round: usize) -> String {
    format!("{round}.{}", digest(format!("{}.{round}", *STATE_KEY)))
}

fn open_state(state: &str) -> Result<usize, ErrorData> {
    let round = state.split_once('.').and_then(|(round, _)| round.parse().ok());
    let round = round.filter(|round| seal_state(*round) == state);
    round.ok_or_else(|| ErrorData::invalid_params("requestState is not of this server", None))
}

async fn report_progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else { return };
    for percent in [0.0, 50.0, 100.0] {
        let progress = ProgressNotificationParam::new(token.clone(), percent).with_total(100.0);
        if let Err(error) = context.peer.notify_progress(progress).await {
            tracing::debug!("the progress was not sent: {error}");
        }
    }
}

/// Replaces `{NAME}` in the texts of JSON.
fn fill_in<T: DeserializeOwned>(template: &Value, values: &JsonObject) -> Result<T, ErrorData> {
    let filled = values.iter().fold(template.to_string(), |text, (name, value)| {
        let value = json!(value.as_str().unwrap_or_default()).to_string();
        text.replace(&format!("{{{name}}}"), value.trim_matches('"'))
    });
    serde_json::from_str(&filled)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

impl ToolFixture {
    fn find(name: &str) -> Option<&'static Self> {
        FIXTURES.tools.iter().find(|tool| tool.name == name)
    }

    fn describe(&self) -> Tool {
        let mut schema = JsonObject::from_iter([("type".to_owned(), json!("object"))]);
        if let Value::Object(properties) = &self.properties {
            let required: Vec<&String> = properties.keys().collect();
            schema.insert("required".to_owned(), json!(required));
            schema.insert("properties".to_owned(), self.properties.clone());
        }
        Tool::new(self.name.clone(), "A fixture of the conformance suite.", schema)
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let declared = context.client_capabilities().unwrap_or_default();
        if self.needs_sampling && declared.sampling.is_none() {
            let mut needed = ClientCapabilities::default();
            needed.sampling = Some(SamplingCapability::default());
            return Err(ErrorData::missing_required_client_capability(needed));
        }
        if self.reports_progress {
            report_progress(context).await;
        }
        let asked = self.asks.ask(request.input_responses, request.request_state, context).await?;
        let answers = match asked {
            QuestionOutcome::Open(required) => return Ok(required.into()),
            QuestionOutcome::Answered(answers) => answers,
        };
        let mut content = self.content.clone();
        content.extend(answers.iter().map(|answer| ContentBlock::text(answer.to_string())));
        let result = if self.fails {
            CallToolResult::error(content)
        } else {
            CallToolResult::success(content)
        };
        Ok(result.into())
    }
}

impl PromptFixture {
    fn find(name: &str) -> Option<&'static Self> {
        FIXTURES.prompts.iter().find(|fixture| fixture.prompt.name == name)
    }

    async fn get(
        &self,
        request: GetPromptRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let asked = self.asks.ask(request.input_responses, request.request_state, context).await?;
        if let QuestionOutcome::Open(required) = asked {
            return Ok(required.into());
        }
        let arguments = request.arguments.unwrap_or_default();
        let messages: Vec<PromptMessage> = fill_in(&self.messages, &arguments)?;
        Ok(GetPromptResult::new(messages).into())
    }
}

fn read_fixture(uri: &str) -> Option<Result<ResourceContents, ErrorData>> {
    if let Some(fixed) = FIXTURES.resources.iter().find(|fixture| fixture.resource.uri == uri) {
        return Some(Ok(fixed.contents.clone()));
    }
    FIXTURES.templates.iter().find_map(|template| {
        let (before, after) = template.uri_template.split_once("{id}")?;
        let id = uri.strip_prefix(before)?.strip_suffix(after)?;
        let values = JsonObject::from_iter([("id".to_owned(), json!(id))]);
        Some(fill_in(&FIXTURES.template_contents, &values))
    })
}

impl ServerHandler for FixtureServer {
    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.0.ping(context).await
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        self.0.discover(context).await
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.0.initialize(request, context).await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut list = self.0.list_tools(request, context).await?;
        list.tools.extend(FIXTURES.tools.iter().map(ToolFixture::describe));
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match ToolFixture::find(&request.name) {
            Some(fixture) => fixture.call(request, &context).await,
            None => self.0.call_tool(request, context).await,
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut list = self.0.list_resources(request, context).await?;
        list.resources.extend(FIXTURES.resources.iter().map(|fixture| fixture.resource.clone()));
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut list = self.0.list_resource_templates(request, context).await?;
        list.resource_templates.extend(FIXTURES.templates.iter().cloned());
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match read_fixture(&request.uri) {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents?]).into()),
            None => self.0.read_resource(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        match &request.r#ref {
            Reference::Prompt(prompt) if PromptFixture::find(&prompt.name).is_some() => {
                Ok(CompleteResult::new(CompletionInfo::default()))
            }
            _ => self.0.complete(request, context).await,
        }
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut list = self.0.list_prompts(request, context).await?;
        list.prompts.extend(FIXTURES.prompts.iter().map(|fixture| fixture.prompt.clone()));
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        match PromptFixture::find(&request.name) {
            Some(fixture) => fixture.get(request, &context).await,
            None => self.0.get_prompt(request, context).await,
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        self.0.on_custom_request(request, context).await
    }
}
