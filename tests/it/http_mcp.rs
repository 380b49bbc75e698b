//! MCP over HTTP: who gets in, and with which tools.

pub mod client;
mod proxy;
mod roles;
mod sessions;
