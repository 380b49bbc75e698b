"""The official Python SDK as a client of the binary."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.session import ElicitationFnT
from mcp.client.stdio import stdio_client
from scenario import BINARY, Agent, Answer, Row


@asynccontextmanager
async def connected(
    db: Path, *arguments: str, mode: str = "auto", person: ElicitationFnT | None = None
) -> AsyncIterator[Client]:
    """A client of its own server process, which must say nothing but protocol."""
    strays: list[Exception] = []

    async def collect(message: object) -> None:
        if isinstance(message, Exception):
            strays.append(message)

    server = StdioServerParameters(command=str(BINARY), args=["--db", str(db), "serve", *arguments])
    with open(db.with_suffix(".log"), "a+") as log:
        async with Client(
            stdio_client(server, errlog=log),
            mode=mode,
            message_handler=collect,
            elicitation_callback=person,
            read_timeout_seconds=60,
        ) as client:
            yield client
        log.seek(0)
        # The first line names the file; any other would be a fault.
        assert all("INFO atocore::file: serving" in line for line in log.read().splitlines())
    assert strays == []


async def agent(client: Client) -> Agent:
    async def call(tool: str, arguments: Row) -> Answer:
        result = await client.call_tool(tool, arguments)
        text = "".join(block.text for block in result.content)
        return Answer(bool(result.is_error), text, result.structured_content)

    tools = (await client.list_tools()).tools
    return Agent(call, {tool.name: tool.output_schema for tool in tools})


def command(db: Path, *arguments: str) -> str:
    """Runs the binary on the file; it must succeed. Gives what it printed."""
    done = subprocess.run(
        [BINARY, "--db", db, *arguments], stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
