"""The tools of smolagents; with `structured` they give the structured content in place of the text."""

import asyncio
import json
import sys

from mcp import StdioServerParameters
from smolagents import MCPClient
from story import ARGUMENTS, BINARY, Answer, Row, play

server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
with MCPClient(server, structured_output="structured" in sys.argv) as found:
    tools = {tool.name: tool for tool in found}

    async def call(tool: str, arguments: Row) -> Answer:
        result = tools[tool](**arguments)
        if isinstance(result, str):
            return result, None, result.startswith('{"error":')
        # It parses the text of an error, which has no structured content.
        if "error" in result:
            return json.dumps(result, separators=(",", ":")), None, True
        return None, result, False

    asyncio.run(play({name: {"properties": tool.inputs} for name, tool in tools.items()}, call))
