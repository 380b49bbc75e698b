"""The official Python SDK as a client of the binary."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client._transport import Transport
from mcp.client.session import ElicitationFnT
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from scenario import BINARY, Agent, Answer, Row


@asynccontextmanager
async def connected(
    db: Path, *arguments: str, mode: str = "auto", person: ElicitationFnT | None = None
) -> AsyncIterator[Client]:
    """A client of its own server process, which must say nothing but protocol."""
    with open(db.with_suffix(".log"), "a+") as log:
        server = process("--db", str(db), "serve", *arguments)
        async with client_of(stdio_client(server, errlog=log), mode, person) as client:
            yield client
        log.seek(0)
        # The first line names the file; any other would be a fault.
        assert all("INFO atocore::file: serving" in line for line in log.read().splitlines())


@asynccontextmanager
async def connected_over(transport: str, db: Path, *, mode: str) -> AsyncIterator[Client]:
    """A client of a server over HTTP, directly or through the proxy, with a token that may do all."""
    token = command(db, "token", "create", "clients", "--role", "admin")
    [token] = [word for word in token.split() if word.startswith("atocore_")]
    with served(db) as address:
        if transport == "proxy":
            proxy = process("proxy", f"{address}/mcp", ATOCORE_TOKEN=token)
            async with client_of(stdio_client(proxy), mode) as client:
                yield client
            return
        headers = {"Authorization": f"Bearer {token}"}
        async with create_mcp_http_client(headers) as http:
            streams = streamable_http_client(f"{address}/mcp", http_client=http)
            async with client_of(streams, mode) as client:
                yield client


@asynccontextmanager
async def client_of(
    transport: Transport, mode: str, person: ElicitationFnT | None = None
) -> AsyncIterator[Client]:
    strays: list[Exception] = []

    async def collect(message: object) -> None:
        if isinstance(message, Exception):
            strays.append(message)

    async with Client(
        transport,
        mode=mode,
        message_handler=collect,
        elicitation_callback=person,
        read_timeout_seconds=60,
    ) as client:
        yield client
    assert strays == []


def process(*arguments: str, **environment: str) -> StdioServerParameters:
    return StdioServerParameters(command=str(BINARY), args=[*arguments], env=environment or None)


@contextmanager
def served(db: Path) -> Iterator[str]:
    """The address of a server over HTTP, which stops by itself when it is told to."""
    arguments = [BINARY, "--db", db, "web", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()
            assert server.wait(timeout=60) == 0


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
