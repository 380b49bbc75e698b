"""The official Python SDK 2."""

import asyncio

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
    async with Client(stdio_client(server)) as client:
        tools = (await client.list_tools()).tools

        async def call(tool: str, arguments: Row) -> Answer:
            result = await client.call_tool(tool, arguments)
            return text_of(result.content), result.structured_content, result.is_error

        await play({tool.name: tool.input_schema for tool in tools}, call)


asyncio.run(main())
