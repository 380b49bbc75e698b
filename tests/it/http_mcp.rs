//! MCP over HTTP: who gets in, and with which tools.

mod client;
mod roles;
mod sessions;
