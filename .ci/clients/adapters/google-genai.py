"""The function declarations and calls that Google's SDK makes from a session of the Python SDK."""

import asyncio

from google.genai._adapters import McpToGenAiToolAdapter
from google.genai.types import FunctionCall
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        adapter = McpToGenAiToolAdapter(session, await session.list_tools())

        async def call(tool: str, arguments: Row) -> Answer:
            result = await adapter.call_tool(FunctionCall(name=tool, args=arguments))
            return text_of(result.content), result.structured_content, result.is_error

        declared = [one for tool in adapter.tools for one in tool.function_declarations]
        await play({one.name: one.parameters.model_dump(exclude_none=True, mode="json") for one in declared}, call)


asyncio.run(main())
