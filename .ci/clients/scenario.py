"""What every outside client plays, from a proposal to a resolved conflict."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/debug/atocore"
PROJECT = "telescope"

DEFAULT_TOOLS = {
    "create_entity",
    "update_entity",
    "create_batch",
    "get_entity",
    "promote_entity",
    "reject_entity",
    "supersede_entity",
    "invalidate_entity",
    "get_entity_audit",
    "create_relationship",
    "create_memory",
    "review_memory",
    "graduate_memory",
    "list_candidates",
    "search",
    "build_context",
    "query_project",
    "list_conflicts",
    "resolve_conflict",
    "list_projects",
    "list_rows",
    "get_row",
    "review_candidates",
    "review_link",
    "undo",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An answer to a tool call, however the client got it."""

    is_error: bool
    text: str
    structured: Row | None


class Agent:
    """Calls tools through a client, and checks each answer before anybody looks into it."""

    def __init__(
        self, call: Callable[[str, Row], Awaitable[Answer]], output_schemas: dict[str, Row]
    ) -> None:
        for schema in output_schemas.values():
            Draft202012Validator.check_schema(schema)
        self._call = call
        self._validators = {
            tool: Draft202012Validator(schema) for tool, schema in output_schemas.items()
        }

    async def ask(self, tool: str, **arguments: Any) -> Row:
        answer = await self._call(tool, arguments)
        assert not answer.is_error, f"{tool} {arguments}: {answer.text}"
        assert answer.text.strip(), f"{tool} answered without text"
        self._validators[tool].validate(answer.structured)
        return answer.structured

    async def refused(self, tool: str, **arguments: Any) -> Row:
        answer = await self._call(tool, arguments)
        assert answer.is_error, f"{tool} {arguments}: {answer.text}"
        assert answer.structured is None
        return json.loads(answer.text)


async def play(agent: Agent) -> None:
    """The whole story, on a file without rows."""
    component = await propose_and_promote(agent)
    await read_the_history(agent, component)
    await graduate(agent)
    await contradict_and_resolve(agent)
    await link_and_batch(agent, component)
    await retire(agent)
    await ask_for_nonsense(agent)
    await count(agent)


async def propose(agent: Agent, entity_type: str, name: str, **more: Any) -> Row:
    fact = {"entity_type": entity_type, "name": name, "project": PROJECT, **more}
    answer = await agent.ask("create_entity", **fact, source_refs=[f"doc:{entity_type}.md"])
    assert answer["created"] is True
    assert answer["entity"]["status"] == "candidate"
    return answer["entity"]


async def promote(agent: Agent, entity: Row) -> Row:
    answer = await agent.ask("promote_entity", entity_id=entity["entity_id"])
    assert answer["changed"] is True
    assert answer["entity"]["status"] == "active"
    assert answer["entity"]["version"] == entity["version"] + 1
    return answer


async def propose_and_promote(agent: Agent) -> Row:
    fact = {"entity_type": "component", "name": "Mirror cell", "project": PROJECT}
    wish = {**fact, "description": "Holds the mirror", "source_refs": ["doc:cell.md"]}
    first = await agent.ask("create_entity", **wish, actor="optics", note="from the drawing")
    again = await agent.ask("create_entity", **wish)
    assert (first["created"], again["created"]) == (True, False)
    assert first["entity"] == again["entity"]
    assert "audit_id" in first and "audit_id" not in again
    assert first["project_used"]["name"] == PROJECT

    entity = first["entity"]
    assert {name: entity[name] for name in wish} == wish
    assert (entity["status"], entity["version"]) == ("candidate", 1)
    waiting = await agent.ask("list_candidates", project=PROJECT)
    assert [row["entity_id"] for row in waiting["items"]] == [entity["entity_id"]]

    promoted = (await promote(agent, entity))["entity"]
    once_more = await agent.ask("promote_entity", entity_id=entity["entity_id"])
    assert once_more["changed"] is False
    assert (await agent.ask("list_candidates", project=PROJECT))["total"] == 0
    return promoted


async def read_the_history(agent: Agent, entity: Row) -> None:
    entity_id = entity["entity_id"]
    updated = await agent.ask(
        "update_entity",
        entity_id=entity_id,
        properties={"mass": "4 kg"},
        expected_version=entity["version"],
    )
    assert updated["entity"]["properties"] == {"mass": "4 kg"}

    actions = ["created", "promoted", "updated"]
    brief = (await agent.ask("get_entity_audit", entity_id=entity_id))["entries"]
    check_history(brief, actions)
    assert (brief[0]["actor"], brief[0]["note"]) == ("optics", "from the drawing")
    whole = await agent.ask("get_entity_audit", entity_id=entity_id, detail="full")
    entries = whole["entries"]
    check_history(entries, actions)
    assert all(newer["before"] == older["after"] for older, newer in pairwise(entries))
    assert [entry["after"]["status"] for entry in entries] == ["candidate", "active", "active"]
    current = (await agent.ask("get_entity", entity_id=entity_id))["entity"]
    assert current == updated["entity"]
    found = (await agent.ask("get_entity", entity_id=entity_id, detail="full"))["entity"]
    assert found.pop("entity_id") == entity_id
    assert found == {name: entries[-1]["after"][name] for name in found}


def check_history(entries: list[Row], actions: list[str]) -> None:
    """Each change begins where the one before it ended."""
    assert [entry["action"] for entry in entries] == actions
    assert "before" not in entries[0]
    row = entries[0]["after"]
    for entry in entries[1:]:
        assert entry["before"] != entry["after"]
        for name, value in entry["before"].items():
            # The entry of a new row leaves out the fields without a value.
            assert row[name] == value if name in row else not value
        row = {**row, **entry["after"]}


async def graduate(agent: Agent) -> None:
    created = await agent.ask(
        "create_memory",
        memory_type="knowledge",
        content="The mirror is polished at the institute.",
        project=PROJECT,
    )
    assert created["memory"]["status"] == "candidate"
    memory_id = created["memory"]["memory_id"]
    reviewed = await agent.ask("review_memory", memory_id=memory_id, action="promote")
    assert reviewed["memory"]["status"] == "active"

    proposed = await agent.ask(
        "graduate_memory", memory_id=memory_id, entity_type="process", name="Polishing"
    )
    assert (proposed["created"], proposed["entity"]["status"]) == (True, "candidate")
    assert proposed["entity"]["source_refs"] == [f"memory:{memory_id}"]
    assert proposed["memory"]["status"] == "active"

    promoted = await promote(agent, proposed["entity"])
    assert [row["memory_id"] for row in promoted["graduated"]] == [memory_id]
    history = await agent.ask("review_memory", memory_id=memory_id, action="history")
    assert history["memory"]["status"] == "graduated"
    assert history["memory"]["graduated_to_entity_id"] == promoted["entity"]["entity_id"]
    check_history(history["entries"], ["created", "promoted", "graduated"])


async def contradict_and_resolve(agent: Agent) -> None:
    older, newer, conflict = await contradict(agent)
    sides = (await agent.ask("list_conflicts", project=PROJECT))["items"]
    assert sides == [conflict]
    found = await agent.ask("get_entity", entity_id=older["entity_id"])
    assert found["conflicts"] == [conflict]

    # The person decides against the suggestion.
    resolved = await agent.ask(
        "resolve_conflict",
        conflict_id=conflict["conflict_id"],
        resolution="supersede_others",
        winner_id=newer["entity_id"],
    )
    assert resolved["superseded"] == [older["entity_id"]]
    assert resolved["conflict"]["status"] == "resolved"
    assert resolved["conflict"]["resolution"] == "supersede_others"
    assert (await agent.ask("list_conflicts", project=PROJECT))["items"] == []

    loser = await agent.ask("get_entity", entity_id=older["entity_id"])
    assert loser["entity"]["status"] == "superseded"
    assert [row["entity_id"] for row in loser["chain"]] == [newer["entity_id"]]
    winner = await agent.ask("get_entity", entity_id=newer["entity_id"])
    assert winner["entity"]["status"] == "active"
    audit = await agent.ask("get_entity_audit", entity_id=older["entity_id"])
    check_history(audit["entries"], ["created", "promoted", "superseded"])


async def contradict(agent: Agent) -> tuple[Row, Row, Row]:
    """Two values of one parameter, and the conflict that the second one opened."""
    older, newer = [
        await propose(agent, "parameter", "Focal length", properties={"value": value, "unit": "mm"})
        for value in (1200, 1250)
    ]
    assert "conflicts" not in await promote(agent, older)
    [conflict] = (await promote(agent, newer))["conflicts"]
    assert (conflict["slot_kind"], conflict["slot_key"]) == ("parameter.value", "Focal length")
    assert conflict["status"] == "open"
    members = {member["member_id"]: member for member in conflict["members"]}
    assert members.keys() == {older["entity_id"], newer["entity_id"]}
    for entity in (older, newer):
        member = members[entity["entity_id"]]
        assert str(entity["properties"]["value"]) in member["value"]
        assert (member["member_kind"], member["name"]) == ("entity", "Focal length")
        assert member["source_refs"] == entity["source_refs"]
    assert conflict["suggested"] == older["entity_id"]
    return older, newer, conflict


async def link_and_batch(agent: Agent, component: Row) -> None:
    made = await agent.ask(
        "create_batch",
        project=PROJECT,
        entities=[
            {
                "key": "stiff",
                "entity_type": "requirement",
                "name": "Stiffness",
                "source_refs": ["doc:cell.md"],
            }
        ],
        relationships=[
            {
                "relationship_type": "satisfies",
                "source_id": component["entity_id"],
                "target_id": "stiff",
            }
        ],
        memories=[{"memory_type": "project", "content": "The cell is being redrawn."}],
    )
    assert (made["created"], made["existing"]) == (3, 0)
    [requirement] = made["entities"]
    await promote(agent, {**requirement, "version": 1})

    link = {
        "relationship_type": "satisfies",
        "source_id": component["entity_id"],
        "target_id": requirement["entity_id"],
    }
    assert (await agent.ask("create_relationship", **link))["changed"] is False
    assert await targets(agent, component) == [requirement["entity_id"]]
    assert (await agent.ask("create_relationship", **link, end=True))["changed"] is True
    assert await targets(agent, component) == []


async def targets(agent: Agent, entity: Row) -> list[str]:
    found = await agent.ask("get_entity", entity_id=entity["entity_id"])
    return [link["entity_id"] for link in found["relationships"]]


async def retire(agent: Agent) -> None:
    rejected = await propose(agent, "risk", "Mirror breaks")
    await end(agent, "reject_entity", rejected, "invalid")
    wrong = (await promote(agent, await propose(agent, "risk", "Cell rusts")))["entity"]
    await end(agent, "invalidate_entity", wrong, "invalid")
    old = (await promote(agent, await propose(agent, "risk", "Glue ages")))["entity"]
    await end(agent, "supersede_entity", old, "superseded")


async def end(agent: Agent, tool: str, entity: Row, status: str) -> None:
    wish = {"entity_id": entity["entity_id"], "note": "as reviewed"}
    answer = await agent.ask(tool, **wish, expected_version=entity["version"])
    assert (answer["changed"], answer["entity"]["status"]) == (True, status)


async def ask_for_nonsense(agent: Agent) -> None:
    answer = await agent.refused(
        "create_entity", entity_type="gadget", name="Thing", hand_authored=True
    )
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"code", "message", "hint"}
    assert answer["error"]["code"] == "invalid"
    assert "gadget" in answer["error"]["message"]
    assert "component" in answer["error"]["hint"]


async def count(agent: Agent) -> None:
    [project] = (await agent.ask("list_projects"))["items"]
    assert project["name"] == PROJECT
    assert project["entities"] == {"active": 4, "candidates": 0}
    assert project["memories"] == {"active": 0, "candidates": 1}
