//! The HTTP server: the operations as routes, described by OpenAPI, and the web page. It contains no
//! business rules and no SQL.

mod access;
mod api;
mod arguments;
mod challenge;
mod event_feed;
mod events;
mod export;
mod mcp;
mod mcp_servers;
mod next_step;
pub mod oauth;
pub mod openapi;
pub mod outgoing;
mod page;
pub mod principal;
mod problem;
mod rate_limit;
pub mod routes;
pub mod server;
mod session;
pub mod state;
pub mod tls;
