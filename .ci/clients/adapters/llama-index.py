"""LlamaIndex's function tools; their arguments are classes of Pydantic that it builds from the schemas."""

import asyncio

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    spec = McpToolSpec(BasicMCPClient(BINARY, ARGUMENTS))
    tools = {tool.metadata.name: tool for tool in await spec.to_tool_list_async()}

    async def call(tool: str, arguments: Row) -> Answer:
        result = (await tools[tool].acall(**arguments)).raw_output
        return text_of(result.content), result.structured_content, result.is_error

    await play({name: tool.metadata.fn_schema.model_json_schema() for name, tool in tools.items()}, call)


asyncio.run(main())
