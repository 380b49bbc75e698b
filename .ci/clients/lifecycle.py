"""The story through the official Python SDK, in each era of the protocol."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from scenario import DEFAULT_TOOLS, PROJECT, Agent, play
from sdk import agent, command, connected, connected_over

pytestmark = pytest.mark.anyio

# How to connect, and the version that comes of it; the last goes without asking the server first.
ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}
CREATES = 200


@pytest.fixture(params=ERAS)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


async def test_surface(tmp_path: Path, mode: str) -> None:
    async with connected(tmp_path / "a.db", mode=mode) as client:
        assert client.protocol_version == ERAS[mode]
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == DEFAULT_TOOLS
        for tool in tools:
            assert tool.title and tool.description and tool.output_schema
            assert tool.annotations.open_world_hint is False


async def test_lifecycle(tmp_path: Path, mode: str) -> None:
    db = tmp_path / "a.db"
    async with connected(db, "--tools", "all", mode=mode) as client:
        actor = await agent(client)
        await play(actor)
        await use_what_is_on_request(actor)
    command(db, "audit", "verify")


@pytest.mark.parametrize("transport", ["http", "proxy"])
async def test_lifecycle_over_http(tmp_path: Path, mode: str, transport: str) -> None:
    db = tmp_path / "a.db"
    async with connected_over(transport, db, mode=mode) as client:
        assert client.protocol_version == ERAS[mode]
        assert {tool.name for tool in (await client.list_tools()).tools} == DEFAULT_TOOLS
        await play(await agent(client))
    assert clients(db) == {"clients via mcp 0.1.0"}
    command(db, "audit", "verify")


async def use_what_is_on_request(actor: Agent) -> None:
    ontology = await actor.ask("describe_ontology")
    assert "component" in [entry["name"] for entry in ontology["entity_types"]]
    registered = await actor.ask("register_project", name=PROJECT, aliases=["scope"])
    assert registered["created"] is True
    state = await actor.ask(
        "set_project_state", project="scope", category="phase", key="now", value="design"
    )
    assert state["project_state"]["value"] == "design"
    [memory] = (await actor.ask("list_candidates", project=PROJECT, kind="memory"))["items"]
    updated = await actor.ask("update_memory", memory_id=memory["memory_id"], confidence=0.5)
    assert updated["memory"]["confidence"] == 0.5


async def test_a_call_that_is_sent_again_is_done_once(tmp_path: Path, mode: str) -> None:
    db = tmp_path / "a.db"
    call = {"entity_type": "risk", "name": "Late mirror", "hand_authored": True}
    async with connected(db, mode=mode) as one, connected(db, mode=mode) as two:
        first, second = await agent(one), await agent(two)
        dry_run = await first.ask("create_entity", **call, dry_run=True)
        assert dry_run["dry_run"] is True and rows(db, "entities") == 0
        done = await first.ask("create_entity", **call, idempotency_key="k-1")
        assert await second.ask("create_entity", **call, idempotency_key="k-1") == done
    assert rows(db, "entities") == rows(db, "memory_audit") == 1
    command(db, "doctor")


async def test_two_processes_on_one_file(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    async with connected(db) as one, connected(db) as two:
        actors = {"one": await agent(one), "two": await agent(two)}
        async with anyio.create_task_group() as writing:
            for number in range(CREATES):
                for name, actor in actors.items():
                    writing.start_soon(create, actor, f"{name} {number}")
        copy = tmp_path / "copy.db"
        command(db, "backup", str(copy))
    for file in (db, copy):
        assert rows(file, "entities") == rows(file, "memory_audit") == 2 * CREATES
        command(file, "doctor")


async def create(actor: Agent, name: str) -> None:
    answer = await actor.ask("create_entity", entity_type="risk", name=name, hand_authored=True)
    assert answer["created"] is True


def clients(db: Path) -> set[str]:
    """The clients in the audit that called through HTTP, as the SDK introduces itself."""
    with closing(sqlite3.connect(db)) as connection:
        query = "SELECT DISTINCT client FROM memory_audit WHERE client LIKE '%via%'"
        return {client for [client] in connection.execute(query)}


def rows(db: Path, table: str) -> int:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
