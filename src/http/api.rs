//! Serves the routes: each request calls one operation.

use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Extension, RawPathParams, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::arguments::{BodyBytes, RequestParts, read_arguments};
use super::next_step::render_next_step;
use super::principal::Principal;
use super::problem::Problem;
use super::routes::{ROUTES, Route};
use super::state::WebState;
use crate::app::answer::Answer;
use crate::app::approval::{CallOutcome, Consent};
use crate::app::operation::{Effect, RegisteredOperation};
use crate::app::row_kinds::require_kind;
use crate::model::{Error, Role, SubjectKind};

/// Returns the routes of all operations, under `/v1` and without it.
pub fn build_router() -> Router<Arc<WebState>> {
    let mut router = Router::new();
    for route in ROUTES {
        let path = route.path;
        let served = serve_route(route);
        router = router.route(path, served.clone()).route(&format!("/v1{path}"), served);
    }
    let any = Route { method: Method::POST, path: "", operation: "", argument: "", fixed: None };
    let any = Arc::new(any);
    let call = axum::routing::post(
        move |State(state): State<Arc<WebState>>,
              Extension(principal): Extension<Principal>,
              path: PathValues,
              headers: HeaderMap,
              body: BodyBytes| {
            let any = Arc::clone(&any);
            async move {
                let name = match first_value(&path) {
                    Ok(name) => name.unwrap_or_default(),
                    Err(problem) => return problem.into_response(),
                };
                let parts = RequestParts { path_value: None, query: "", headers: &headers, body };
                answer_request(&state, &principal, &any, name, &parts).await
            }
        },
    );
    router.route("/v1/call/{ref}", call.clone()).route("/call/{ref}", call)
}

fn serve_route(route: Route) -> MethodRouter<Arc<WebState>> {
    let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
    let route = Arc::new(route);
    on(
        filter,
        move |State(state): State<Arc<WebState>>,
              Extension(principal): Extension<Principal>,
              path: PathValues,
              RawQuery(query): RawQuery,
              headers: HeaderMap,
              body: BodyBytes| {
            let route = Arc::clone(&route);
            async move {
                let query = query.unwrap_or_default();
                let path_value = match first_value(&path) {
                    Ok(value) => value,
                    Err(problem) => return problem.into_response(),
                };
                let parts = RequestParts { path_value, query: &query, headers: &headers, body };
                answer_request(&state, &principal, &route, route.operation, &parts).await
            }
        },
    )
}

/// The values in the path of a request, if it could be read.
type PathValues = Result<RawPathParams, RawPathParamsRejection>;

fn first_value(path: &PathValues) -> Result<Option<&str>, Problem> {
    let path = path.as_ref().map_err(|rejected| Problem::of_path(&rejected.body_text()))?;
    Ok(path.iter().next().map(|(_, value)| value))
}

/// Calls the operation of a request and renders its answer.
async fn answer_request(
    state: &WebState,
    principal: &Principal,
    route: &Route,
    name: &str,
    parts: &RequestParts<'_>,
) -> Response {
    match call_operation(state, principal, route, name, parts).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn call_operation(
    state: &WebState,
    principal: &Principal,
    route: &Route,
    name: &str,
    parts: &RequestParts<'_>,
) -> Result<Response, Problem> {
    let operation = find_operation(state, principal, name)?;
    let arguments = read_arguments(route, operation, parts)?;
    if let (Some(id), [_, ..]) = (parts.path_value, route.kinds()) {
        let (id, kinds) = (id.to_owned(), route.kinds());
        state.store.read("row", move |view| require_kind(view, kinds, &id)).await?;
    }
    let service = state.service_of(principal.role);
    let (identity, consent) = (&principal.identity, Consent::NotAsked);
    let called = service.call(operation, arguments.values, identity, consent).await;
    match called {
        Ok(CallOutcome::Done(answer)) => {
            let minimal = operation.about.effect != Effect::Reads && prefers_minimal(parts.headers);
            Ok(render_answer(answer, minimal))
        }
        Ok(CallOutcome::Asks(question)) => {
            Err(question.unasked("this caller does not decide").into())
        }
        Err(Error::Refused { .. }) if principal.role == Role::Read => {
            Err(principal.refuse(Role::Propose))
        }
        Err(error) if arguments.has_precondition => Err(Problem::of_precondition(error)),
        Err(error) => Err(error.into()),
    }
}

/// Returns the operation if the principal's role offers it.
fn find_operation<'s>(
    state: &'s WebState,
    principal: &Principal,
    name: &str,
) -> Result<&'s RegisteredOperation, Problem> {
    let registry = &state.service_of(principal.role).registry;
    if let Some(operation) = registry.get(name) {
        return Ok(operation);
    }
    match registry.withheld(name) {
        Some(_) => Err(principal.refuse(state.role_for(name))),
        None => Err(Error::not_found(SubjectKind::ApiOperation, name).into()),
    }
}

/// Renders an answer: its structured content, with the version of its row as ETag, and 201 for a
/// created row. With `Prefer: return=minimal` the row is left out.
fn render_answer(answer: Answer, minimal: bool) -> Response {
    let step = answer.next_step.as_ref().and_then(render_next_step);
    let Answer { structured: mut body, .. } = answer.with_next_step(step);
    let dry_run = body["dry_run"] == json!(true);
    let recorded = body.get("interaction_id").is_some();
    let created = body["created"].as_bool().unwrap_or(recorded) && !dry_run;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let version = row_of(&body).filter(|_| !dry_run).and_then(|row| row["version"].as_i64());
    let location = Some(row_of(&body).unwrap_or(&body)).filter(|_| created).and_then(address_of);
    if minimal && let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| !ROW_FIELDS.contains(&name.as_str()));
    }
    let mut response = (status, Json(body)).into_response();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    };
    version.into_iter().for_each(|version| set(header::ETAG, format!("\"{version}\"")));
    location.into_iter().for_each(|path| set(header::LOCATION, path));
    if minimal {
        set(header::HeaderName::from_static("preference-applied"), "return=minimal".to_owned());
    }
    response
}

/// The fields of an answer that hold the row itself.
const ROW_FIELDS: [&str; 4] = ["entity", "memory", "relationship", "conflict"];

fn row_of(body: &Value) -> Option<&Value> {
    ROW_FIELDS.iter().find_map(|name| body.get(name))
}

fn address_of(row: &Value) -> Option<String> {
    let places = [
        ("entity_id", "entities"),
        ("memory_id", "memories"),
        ("relationship_id", "relationships"),
        ("interaction_id", "interactions"),
    ];
    places.iter().find_map(|(id, path)| Some(format!("/v1/{path}/{}", row[*id].as_str()?)))
}

fn prefers_minimal(headers: &HeaderMap) -> bool {
    let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|one| one.trim() == "return=minimal")
}
