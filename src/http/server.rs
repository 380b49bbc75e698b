//! Listens, and serves connections within limits until a stop signal.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::access::{check_access, refuse_with_body};
use super::arguments::MAX_BODY;
use super::problem::Problem;
use super::state::WebState;
use super::tls::TlsFiles;
use super::{api, events, export, mcp, oauth, openapi, page};
use crate::model::{Error, Result};
use crate::platform::stop_signal;

/// Maximum connections at once.
const MAX_CONNECTIONS: usize = 20_000;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take, its body included. Streams of events go on after it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests in progress may take after a stop signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves connections until a stop signal; requests in progress are finished.
pub async fn serve_connections(
    listener: TcpListener,
    tls: Option<TlsFiles>,
    state: Arc<WebState>,
) -> Result<()> {
    let router = build_router(&state);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let tls = tls.map(Arc::new);
    let upkeep = tokio::spawn(run_upkeep(Arc::clone(&state), tls.clone()));
    let mut stop = std::pin::pin!(stop_signal());
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as too many open files: the next attempt may succeed.
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let service = PeerService { peer: peer.ip().to_canonical(), router: router.clone() };
        let (watcher, tls) = (graceful.watcher(), tls.as_ref().map(|files| files.acceptor()));
        tokio::spawn(async move {
            match tls {
                None => serve_connection(stream, service, watcher).await,
                Some(tls) => match tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => serve_connection(stream, service, watcher).await,
                    _ => tracing::debug!("a connection had no TLS handshake"),
                },
            }
            drop(place);
        });
    }
    upkeep.abort();
    state.events.end();
    state.mcp.end();
    drop(listener);
    if tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::info!("connections that were still open are closed");
    }
    Ok(())
}

/// Runs the tasks of a server other than answering.
async fn run_upkeep(state: Arc<WebState>, tls: Option<Arc<TlsFiles>>) {
    let certificate = async {
        if let Some(files) = tls {
            files.run().await;
        }
    };
    tokio::join!(state.events.run(), state.rate_limits.run(), certificate);
}

async fn serve_connection<I>(stream: I, service: PeerService, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("a connection ended: {error}");
    }
}

/// Adds the peer's address to each request. A layer of the router would copy all routes for each
/// connection.
struct PeerService {
    peer: IpAddr,
    router: Router,
}

impl hyper::service::Service<hyper::Request<hyper::body::Incoming>> for PeerService {
    type Response = Response;
    type Error = Infallible;
    type Future = TowerToHyperServiceFuture<Router, hyper::Request<hyper::body::Incoming>>;

    fn call(&self, mut request: hyper::Request<hyper::body::Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        TowerToHyperService::new(self.router.clone()).call(request)
    }
}

fn build_router(state: &Arc<WebState>) -> Router {
    let streams = Router::new()
        .route("/events", get(events::stream_events))
        .route("/v1/events", get(events::stream_events));
    let health = || async { axum::Json(serde_json::json!({ "status": "ok" })) };
    api::build_router()
        .merge(page::build_router())
        .merge(mcp::build_router())
        .merge(oauth::metadata::build_router())
        .route("/export", get(export::serve_export))
        .route("/v1/export", get(export::serve_export))
        .route("/health", get(health))
        .route("/v1/health", get(health))
        .route("/v1/openapi.json", get(openapi::serve_description))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(refuse_large_body))
        .layer(from_fn(limit_time))
        .merge(streams)
        .layer(from_fn_with_state(Arc::clone(state), check_access))
        .layer(from_fn(set_headers))
        .with_state(Arc::clone(state))
}

/// Refuses a body that is announced as too large before it is sent.
async fn refuse_large_body(request: Request, next: Next) -> Response {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|length| length.parse::<usize>().ok()).is_none_or(|size| size <= MAX_BODY) {
        return next.run(request).await;
    }
    let detail = format!("the body has more than {MAX_BODY} bytes");
    let hint = "Send less at once, such as a batch of fewer rows.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_much", detail, hint)
        .with_header(header::CONNECTION, "close")
        .into_response()
}

async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let hint = "Send the body at once; ask for fewer rows.";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "busy", "the request took too long", hint)
            .into_response()
    })
}

/// Adds the headers that every answer has: browsers run no script but the server's own, and no
/// other site shows the page in a frame.
async fn set_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn unknown_path(request: Request) -> Response {
    let hint = "The routes are described at /v1/openapi.json; the page is at /.";
    let detail = format!("there is no {}", request.uri().path());
    let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", detail, hint);
    refuse_with_body(problem.into_response(), request.into_body()).await
}

async fn wrong_method(request: Request) -> Response {
    let hint = "The header Allow names the methods of this path.";
    let detail = "this path does not take this method";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "invalid", detail, hint);
    refuse_with_body(problem.into_response(), request.into_body()).await
}

/// Returns the error of an address that cannot be listened on.
pub fn listen_error(address: SocketAddr, error: &std::io::Error) -> Error {
    Error::invalid("--listen", format!("{address}: {error}"), "Choose another port.")
}
