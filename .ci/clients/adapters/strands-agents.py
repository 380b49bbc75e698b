"""The client of Strands Agents, called without an agent."""

import asyncio

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from strands.tools.mcp import MCPClient
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of

server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
with MCPClient(lambda: stdio_client(server)) as client:
    tools = client.list_tools_sync()

    async def call(tool: str, arguments: Row) -> Answer:
        result = client.call_tool_sync("1", tool, arguments)
        return text_of(result["content"]), result.get("structuredContent"), result["status"] == "error"

    schemas = {tool.tool_name: tool.tool_spec["inputSchema"]["json"] for tool in tools}
    asyncio.run(play(schemas, call))
