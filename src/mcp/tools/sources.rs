//! The tool that takes in documents.

use crate::mcp::tool::Tool;

pub fn tools() -> Vec<Tool> {
    Vec::new()
}
