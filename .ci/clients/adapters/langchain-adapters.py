"""LangChain's tools, called as an agent calls them."""

import asyncio

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of

SERVER = {"transport": "stdio", "command": BINARY, "args": ARGUMENTS}


async def main() -> None:
    async with MultiServerMCPClient({"atocore": SERVER}).session("atocore") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}

        async def call(tool: str, arguments: Row) -> Answer:
            wish = {"type": "tool_call", "id": "1", "name": tool, "args": arguments}
            message = await tools[tool].ainvoke(wish)
            structured = message.artifact["structured_content"] if message.artifact else None
            return text_of(message.content), structured, message.status == "error"

        await play({name: tool.args_schema for name, tool in tools.items()}, call)


asyncio.run(main())
