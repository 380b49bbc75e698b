//! The few fields of a message that the transport depends on.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// The key of the protocol version in a message, since protocol 2026-07-28.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// The first version whose requests name method and subject in headers.
const WITH_HEADERS: &str = "2026-07-28";

/// The fields of a message; those that it lacks, or that cannot be read, are empty.
#[derive(Debug, Default)]
pub struct MessageHead {
    /// Null in a notification.
    pub id: Value,
    pub method: String,
    /// The version that the message itself names.
    pub version: Option<String>,
    /// The tool, prompt or resource.
    subject: Option<String>,
    /// The version that the answer to `initialize` names.
    pub negotiated: Option<String>,
}

impl MessageHead {
    pub fn read(message: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(message).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let method = text(&value["method"]).unwrap_or_default();
        let subject = match method.as_str() {
            "tools/call" | "prompts/get" => "name",
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => "uri",
            _ => "",
        };
        Self {
            id: value["id"].clone(),
            version: text(&value["params"]["_meta"][VERSION_KEY]),
            subject: text(&value["params"][subject]),
            negotiated: text(&value["result"]["protocolVersion"]),
            method,
        }
    }

    /// Whether an answer is expected.
    pub fn is_request(&self) -> bool {
        !self.method.is_empty() && !self.id.is_null()
    }

    /// Whether a message answers this request.
    pub fn is_answered_by(&self, message: &[u8]) -> bool {
        let other = Self::read(message);
        other.method.is_empty() && other.id == self.id
    }

    /// Returns the headers that repeat parts of the message.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let versions = self.version.as_deref().filter(|version| *version >= WITH_HEADERS);
        if versions.is_none() || self.method.is_empty() {
            return Vec::new();
        }
        let method = [("Mcp-Method", encode_header(&self.method))];
        let subject = self.subject.as_deref().map(|name| ("Mcp-Name", encode_header(name)));
        method.into_iter().chain(subject).collect()
    }

    /// Returns the error that answers this request; `None` if it is none.
    pub fn error(&self, message: &str) -> Option<Vec<u8>> {
        let error = json!({ "code": -32603, "message": message });
        let answer = json!({ "jsonrpc": "2.0", "id": self.id, "error": error });
        self.is_request().then(|| answer.to_string().into_bytes())
    }
}

/// Encodes a text that cannot be a header as it is.
fn encode_header(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim() == value
        && !value.starts_with("=?base64?");
    if plain { value.to_owned() } else { format!("=?base64?{}?=", BASE64_STANDARD.encode(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_repeat_method_and_subject_since_2026_07_28() {
        let call = |version: &str| {
            let meta = json!({ VERSION_KEY: version });
            let params = json!({ "name": "Grüße", "_meta": meta });
            json!({ "id": 1, "method": "tools/call", "params": params }).to_string()
        };
        let headers = MessageHead::read(call("2026-07-28").as_bytes()).headers();
        let name = "=?base64?R3LDvMOfZQ==?=".to_owned();
        assert_eq!(headers, [("Mcp-Method", "tools/call".to_owned()), ("Mcp-Name", name)]);
        assert!(MessageHead::read(call("2025-11-25").as_bytes()).headers().is_empty());
    }

    #[test]
    fn only_a_request_is_answered() {
        let request = MessageHead::read(br#"{"id":7,"method":"ping"}"#);
        assert!(request.is_answered_by(br#"{"id":7,"result":{}}"#));
        assert!(!request.is_answered_by(br#"{"id":7,"method":"elicitation/create"}"#));
        assert!(request.error("gone").is_some());
        assert!(
            MessageHead::read(br#"{"method":"notifications/initialized"}"#).error("").is_none()
        );
        assert!(MessageHead::read(b"{").error("gone").is_none());
    }
}
