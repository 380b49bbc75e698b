"""Pydantic AI's toolset, called without an agent. It passes on one of text and structured content."""

import asyncio

from pydantic_ai import ModelRetry
from pydantic_ai.mcp import MCPToolset, StdioTransport
from story import ARGUMENTS, BINARY, Answer, Row, play


async def main() -> None:
    async with MCPToolset(StdioTransport(BINARY, ARGUMENTS)) as toolset:
        tools = await toolset.list_tools()

        async def call(tool: str, arguments: Row) -> Answer:
            try:
                result = await toolset.direct_call_tool(tool, arguments)
            except ModelRetry as error:
                return error.message, None, True
            return (result, None, False) if isinstance(result, str) else (None, result, False)

        await play({tool.name: tool.input_schema for tool in tools}, call)


asyncio.run(main())
