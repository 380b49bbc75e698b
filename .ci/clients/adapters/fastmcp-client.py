"""FastMCP's client."""

import asyncio

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    async with Client(StdioTransport(BINARY, ARGUMENTS)) as client:
        tools = await client.list_tools()

        async def call(tool: str, arguments: Row) -> Answer:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            return text_of(result.content), result.structured_content, result.is_error

        await play({tool.name: tool.input_schema for tool in tools}, call)


asyncio.run(main())
