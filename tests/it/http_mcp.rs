//! MCP over HTTP: who gets in, and with which tools.

mod client;
mod proxy;
mod roles;
mod sessions;
