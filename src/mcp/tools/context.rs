//! The tool that builds a context pack.

use crate::mcp::tool::Tool;

pub fn tools() -> Vec<Tool> {
    Vec::new()
}
