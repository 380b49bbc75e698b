"""The function tools of the OpenAI Agents SDK; with `strict`, every argument is required and sent."""

import asyncio
import json
import sys

from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext
from story import ARGUMENTS, BINARY, Answer, Row, play

STRICT = "strict" in sys.argv
BLANK = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}


def fill(arguments: Row, schema: Row) -> Row:
    """Adds a blank for each argument that is left out, but for those with a closed list of words."""
    blanks = {
        name: fill({}, inner) if inner["type"] == "object" else BLANK[inner["type"]]
        for name, inner in schema["properties"].items()
        if "enum" not in inner
    }
    return {**blanks, **arguments}


async def main() -> None:
    async with MCPServerStdio({"command": BINARY, "args": ARGUMENTS}) as server:
        listed = await server.list_tools()
        tools = {tool.name: MCPUtil.to_function_tool(tool, server, STRICT) for tool in listed}
        assert all(tool.strict_json_schema for tool in tools.values()) == STRICT

        async def call(tool: str, arguments: Row) -> Answer:
            function = tools[tool]
            wish = json.dumps(fill(arguments, function.params_json_schema) if STRICT else arguments)
            context = ToolContext(None, tool_name=tool, tool_call_id="1", tool_arguments=wish)
            text = (await function.on_invoke_tool(context, wish))["text"]
            return text, None, text.startswith('{"error":')

        await play({name: tool.params_json_schema for name, tool in tools.items()}, call)


asyncio.run(main())
