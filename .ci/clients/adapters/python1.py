"""The official Python SDK 1, which speaks the protocol with a handshake only."""

import asyncio

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools

        async def call(tool: str, arguments: Row) -> Answer:
            result = await session.call_tool(tool, arguments)
            return text_of(result.content), result.structuredContent, result.isError

        await play({tool.name: tool.inputSchema for tool in tools}, call)


asyncio.run(main())
