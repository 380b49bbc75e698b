"""Approval by a person behind the official Python SDK, in each era of the protocol."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from lifecycle import ERAS
from mcp.types import ElicitRequestParams, ElicitResult
from scenario import Agent, Row
from sdk import agent, command, connected

pytestmark = pytest.mark.anyio

ASK = ("--promotion", "ask")


class Person:
    """Somebody who is asked, and answers always the same."""

    def __init__(self, action: str, **content: object) -> None:
        self.answer = ElicitResult(action=action, content=content or None)
        self.questions: list[ElicitRequestParams] = []

    async def __call__(self, context: object, question: ElicitRequestParams) -> ElicitResult:
        self.questions.append(question)
        return self.answer


@pytest.fixture(params=ERAS)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


async def proposed(actor: Agent) -> Row:
    answer = await actor.ask(
        "create_entity", entity_type="component", name="Mirror cell", source_refs=["doc:cell.md"]
    )
    return answer["entity"]


async def test_a_yes_is_done_and_recorded(tmp_path: Path, mode: str) -> None:
    db, person = tmp_path / "a.db", Person("accept", approve=True, note="looked at it")
    async with connected(db, *ASK, mode=mode, person=person) as client:
        assert client.protocol_version == ERAS[mode]
        actor = await agent(client)
        entity = await proposed(actor)
        assert person.questions == [], "a proposal needs nobody"
        wish = {"entity_id": entity["entity_id"], "actor": "optics", "note": "as built"}
        answer = await actor.ask("promote_entity", **wish)
        assert answer["entity"]["status"] == "active"
        [question] = person.questions
        assert entity["entity_id"] in question.message
        assert '"Mirror cell"' in question.message and '"doc:cell.md"' in question.message
        assert question.requested_schema["properties"].keys() == {"approve", "note"}
        again = await actor.ask("promote_entity", **wish)
        assert again["changed"] is False and len(person.questions) == 1
        audit = await actor.ask("get_entity_audit", entity_id=entity["entity_id"])
        [_, promoted] = audit["entries"]
        assert promoted["actor"] == "optics"
        assert promoted["note"] == "as built"
        assert promoted["approval"].startswith("approved by the person through ")
        assert promoted["approval"].endswith(': "looked at it"')
    command(db, "audit", "verify")


@pytest.mark.parametrize(
    "person",
    [Person("decline"), Person("cancel"), Person("accept", approve=False), None],
    ids=["decline", "cancel", "no", "nobody to ask"],
)
async def test_anything_else_changes_nothing(
    tmp_path: Path, mode: str, person: Person | None
) -> None:
    db = tmp_path / "a.db"
    async with connected(db, *ASK, mode=mode, person=person) as client:
        actor = await agent(client)
        entity = await proposed(actor)
        refused = await actor.refused("promote_entity", entity_id=entity["entity_id"])
        assert refused["error"]["code"] == ("declined" if person else "refused")
        assert refused["error"]["hint"].startswith("Nothing was changed")
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT status FROM entities").fetchall() == [("candidate",)]
        assert connection.execute("SELECT count(*) FROM memory_audit").fetchone() == (1,)


async def test_only_the_command_line_promotes_where_a_person_has_to(
    tmp_path: Path, mode: str
) -> None:
    db = tmp_path / "a.db"
    async with connected(db, "--promotion", "human", mode=mode) as client:
        actor = await agent(client)
        entity = await proposed(actor)
        assert "promote_entity" not in {tool.name for tool in (await client.list_tools()).tools}
        command(db, "promote", entity["entity_id"])
        found = await actor.ask("get_entity", entity_id=entity["entity_id"])
        assert found["entity"]["status"] == "active"


async def test_a_read_only_server_sees_what_another_writes(tmp_path: Path, mode: str) -> None:
    db = tmp_path / "a.db"
    async with connected(db, mode=mode) as writing:
        writer = await agent(writing)
        await proposed(writer)
        async with connected(db, "--read-only", mode=mode) as reading:
            reader = await agent(reading)
            assert (await reader.ask("list_candidates"))["total"] == 1
            hints = [tool.annotations for tool in (await reading.list_tools()).tools]
            assert all(hint is not None and hint.read_only_hint for hint in hints)
            await writer.ask("create_entity", entity_type="risk", name="Sag", hand_authored=True)
            assert (await reader.ask("list_candidates"))["total"] == 2
