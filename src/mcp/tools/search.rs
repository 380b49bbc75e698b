//! The tool that searches.

use crate::mcp::tool::Tool;

pub fn tools() -> Vec<Tool> {
    Vec::new()
}
