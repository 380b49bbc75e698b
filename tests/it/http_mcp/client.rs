//! An MCP client over HTTP, in either era of the protocol.

use serde_json::{Value, json};

use crate::support::Place;
use crate::web_support::{WebAnswer, WebServer};

pub const ACCEPT: (&str, &str) = ("Accept", "application/json, text/event-stream");

/// Creates a token; returns its secret.
pub fn create_token(place: &Place, name: &str, role: &str) -> String {
    // Two processes with one seed would make the same ids.
    let seed = 100 + name.bytes().map(u64::from).sum::<u64>();
    let output = place.run(seed, &["token", "create", name, "--role", role]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = printed.split_whitespace().find(|word| word.starts_with("atocore_"));
    found.unwrap_or_else(|| panic!("no token in {printed:?}")).to_owned()
}

/// A client, with a session if it began one.
pub struct McpClient<'s> {
    server: &'s WebServer,
    path: &'static str,
    token: String,
    pub session: Option<String>,
}

impl<'s> McpClient<'s> {
    /// A client of protocol 2026-07-28, which has no sessions.
    pub fn modern(server: &'s WebServer, path: &'static str, token: &str) -> Self {
        Self { server, path, token: token.to_owned(), session: None }
    }

    /// A client of protocol 2025-11-25, after its handshake.
    pub fn legacy(server: &'s WebServer, path: &'static str, token: &str, name: &str) -> Self {
        let mut client = Self::modern(server, path, token);
        let answer = client.initialize(name);
        assert_eq!(answer.status, 200, "{answer:?}");
        client.session = Some(answer.header("mcp-session-id").to_owned());
        let begun =
            client.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        assert_eq!(begun.status, 202, "{begun:?}");
        client
    }

    pub fn initialize(&self, name: &str) -> WebAnswer {
        let client = json!({ "name": name, "version": "1" });
        let params =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        let message =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        self.post(&message)
    }

    pub fn post(&self, message: &Value) -> WebAnswer {
        let method = message["method"].as_str().unwrap_or_default();
        let named = ["name", "uri"].map(|field| message["params"][field].as_str());
        let name = named.into_iter().flatten().next().unwrap_or_default();
        let token = format!("Bearer {}", self.token);
        let mut headers = vec![ACCEPT];
        if !self.token.is_empty() {
            headers.push(("Authorization", &token));
        }
        if let Some(session) = &self.session {
            headers.push(("Mcp-Session-Id", session));
        }
        if is_modern(message) {
            headers.push(("MCP-Protocol-Version", "2026-07-28"));
            headers.push(("Mcp-Method", method));
            if !name.is_empty() {
                headers.push(("Mcp-Name", name));
            }
        }
        self.server.post(self.path, &headers, &message.to_string())
    }

    pub fn request(&self, method: &str, mut params: Value) -> Value {
        if self.session.is_none() {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "tester", "version": "2" },
            });
        }
        let message = json!({ "jsonrpc": "2.0", "id": 5, "method": method, "params": params });
        let answer = self.post(&message);
        assert_eq!(answer.status, 200, "{answer:?}");
        read_message(&answer)
    }

    pub fn tools(&self) -> Vec<Value> {
        let list = self.request("tools/list", json!({}));
        list["result"]["tools"].as_array().expect("a list").clone()
    }

    pub fn tool_names(&self) -> Vec<String> {
        self.tools().iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    pub fn call(&self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    pub fn ok(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments);
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    pub fn error(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str().expect("a text");
        serde_json::from_str::<Value>(text).expect("an error")["error"].clone()
    }
}

fn is_modern(message: &Value) -> bool {
    message["params"]["_meta"].get("io.modelcontextprotocol/protocolVersion").is_some()
}

/// Returns the message of an answer, which is JSON or an event stream.
pub fn read_message(answer: &WebAnswer) -> Value {
    if answer.header("content-type").starts_with("application/json") {
        return answer.json();
    }
    let data = answer.body.lines().filter_map(|line| line.strip_prefix("data:"));
    let message = data.map(str::trim).rfind(|data| !data.is_empty());
    let message = message.unwrap_or_else(|| panic!("no message in {answer:?}"));
    serde_json::from_str(message).expect("JSON")
}

pub fn risk(name: &str) -> Value {
    json!({ "entity_type": "risk", "name": name, "hand_authored": true })
}
