"""AutoGen's workbench, called without an agent."""

import asyncio

from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams
from story import ARGUMENTS, BINARY, Answer, Row, play


async def main() -> None:
    async with McpWorkbench(StdioServerParams(command=BINARY, args=ARGUMENTS)) as workbench:
        tools = await workbench.list_tools()

        async def call(tool: str, arguments: Row) -> Answer:
            result = await workbench.call_tool(tool, arguments)
            return result.to_text(), None, result.is_error

        await play({tool["name"]: tool["parameters"] for tool in tools}, call)


asyncio.run(main())
