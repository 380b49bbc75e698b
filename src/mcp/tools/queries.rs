//! The tool that answers the questions by name.

use crate::mcp::tool::Tool;

pub fn tools() -> Vec<Tool> {
    Vec::new()
}
