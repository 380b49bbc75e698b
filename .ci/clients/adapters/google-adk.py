"""The tools of Google's Agent Development Kit, called in a session without an agent that runs."""

import asyncio

from google.adk.agents import Agent
from google.adk.agents.invocation_context import InvocationContext
from google.adk.sessions import InMemorySessionService
from google.adk.tools import ToolContext
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from mcp import StdioServerParameters
from story import ARGUMENTS, BINARY, Answer, Row, play, text_of


async def main() -> None:
    server = StdioServerParameters(command=BINARY, args=ARGUMENTS)
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    sessions = InMemorySessionService()
    session = await sessions.create_session(app_name="ci", user_id="ci")
    invocation = InvocationContext(
        session_service=sessions, session=session, invocation_id="1", agent=Agent(name="ci")
    )

    async def call(tool: str, arguments: Row) -> Answer:
        result = await tools[tool].run_async(args=arguments, tool_context=ToolContext(invocation, function_call_id="1"))
        return text_of(result["content"]), result.get("structuredContent"), result.get("isError", False)

    declared = {name: tool._get_declaration() for name, tool in tools.items()}
    await play({name: one.parameters_json_schema for name, one in declared.items()}, call)
    await toolset.close()


asyncio.run(main())
