"""The lifecycle that each Python client runs, and the report about what reaches its user.

A client has its own environment, so nothing here needs more than the standard library.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

# Set by .ci/clients/all: the program, a new file, and the path of the report.
BINARY = os.environ["ATOCORE_BINARY"]
ARGUMENTS = ["--db", os.environ["ATOCORE_STORE"], "serve"]

Row = dict[str, Any]
# An error, which no client finds by the schema of the arguments.
REFUSAL = ('"code":', '"message":', '"hint":', "nothing")
# The text, the structured content if the client passes it on, and whether it is an error.
Answer = tuple[str | None, Row | None, bool]


class Session:
    """Calls tools and checks text and structured content, whichever the client passes on."""

    def __init__(self, call: Callable[[str, Row], Awaitable[Answer]]) -> None:
        self._call = call
        self.texts: list[bool] = []
        self.structures: list[bool] = []

    async def ask(self, tool: str, arguments: Row, says: list[str], holds: Row) -> Answer:
        text, structured, is_error = await self._call(tool, arguments)
        assert not is_error, f"{tool} {arguments}: {text}"
        assert text or structured, f"{tool} answered with nothing"
        self.texts.append(bool(text))
        self.structures.append(structured is not None)
        for words in says if text else []:
            assert words in text, f"{tool} does not say {words!r}: {text}"
        assert structured is None or contains(structured, holds), f"{tool}: {structured}"
        return text, structured, is_error

    async def refused(self, tool: str, arguments: Row) -> None:
        text, _, is_error = await self._call(tool, arguments)
        assert is_error, f"{tool} {arguments} was no error: {text}"
        for words in REFUSAL:
            assert words in text, f"the error does not say {words!r}: {text}"


def contains(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; lists have the same length."""
    if isinstance(wanted, dict):
        return all(name in found and contains(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(contains, found, wanted))
    return found == wanted


def id_of(answer: Answer, kind: str, word: str) -> str:
    """The id of the row: from the structured content, or after its type in the text."""
    text, structured, _ = answer
    if structured is not None:
        return structured[kind][f"{kind}_id"]
    return re.search(rf"\b{word} (\w{{7}})\b", text)[1]


async def play(tools: dict[str, Row], call: Callable[[str, Row], Awaitable[Answer]]) -> None:
    """The whole story, on a file without rows; `tools` are the schemas of the arguments as the client has them."""
    session = Session(call)
    await propose_and_promote(session)
    await graduate(session)
    await contradict(session)
    await session.refused("promote_entity", {"entity_id": "nothing"})
    report = {
        "tools": tools,
        "text": all(session.texts),
        "structured": all(session.structures),
    }
    Path(os.environ["ATOCORE_REPORT"]).write_text(json.dumps(report))


async def propose(session: Session, entity_type: str, name: str, source: str, **more: Any) -> str:
    fact = {"entity_type": entity_type, "name": name, "source_refs": [source], **more}
    says = [f'"{name}"', "(candidate, version 1)"]
    holds = {"created": True, "entity": {"status": "candidate", **fact}}
    answer = await session.ask("create_entity", {**fact, "project": "telescope"}, says, holds)
    return id_of(answer, "entity", entity_type)


async def promote(session: Session, entity_id: str, says: list[str], holds: Row) -> None:
    active = {"entity": {"entity_id": entity_id, "status": "active", "version": 2}, **holds}
    await session.ask("promote_entity", {"entity_id": entity_id}, [entity_id, "(active, version 2)", *says], active)


async def propose_and_promote(session: Session) -> None:
    entity_id = await propose(session, "component", "Mirror cell", "doc:cell.md")
    await promote(session, entity_id, [], {"changed": True})
    says = ["created by", "promoted by", '"candidate" → "active"']
    change = {"action": "promoted", "before": {"status": "candidate"}, "after": {"status": "active"}}
    holds = {"entries": [{"action": "created", "after": {"status": "candidate"}}, change]}
    await session.ask("get_entity_audit", {"entity_id": entity_id}, says, holds)


async def graduate(session: Session) -> None:
    statement = {"memory_type": "knowledge", "content": "The mirror is polished at the institute."}
    made = await session.ask(
        "create_memory", {**statement, "project": "telescope"}, ["(candidate"], {"memory": {"status": "candidate"}}
    )
    memory_id = id_of(made, "memory", "memory")
    yes = {"memory_id": memory_id, "action": "promote"}
    await session.ask("review_memory", yes, ["(active"], {"memory": {"status": "active"}})
    wish = {"memory_id": memory_id, "entity_type": "process", "name": "Polishing"}
    holds = {"created": True, "entity": {"source_refs": [f"memory:{memory_id}"], "status": "candidate"}}
    proposed = await session.ask("graduate_memory", wish, ["becomes process", "(candidate"], holds)
    graduated = [{"memory_id": memory_id, "status": "graduated"}]
    await promote(
        session, id_of(proposed, "entity", "process"), [f"graduated memory {memory_id}"], {"graduated": graduated}
    )


async def contradict(session: Session) -> None:
    """Two values of one parameter; the second promotion and the list show both sides."""
    says, members = ['parameter.value "Focal length" (open)'], []
    for value in ("1200", "1250"):
        source = f"doc:{value}.md"
        properties = {"value": value, "unit": "mm"}
        entity_id = await propose(session, "parameter", "Focal length", source, properties=properties)
        says.append(f'entity {entity_id} says "{value} mm"')
        members.append({"member_id": entity_id, "value": f"{value} mm", "source_refs": [source]})
        conflicts = [{"slot_kind": "parameter.value", "status": "open", "members": members}]
        if value == "1200":
            await promote(session, entity_id, [], {})
    await promote(session, entity_id, says, {"conflicts": conflicts})
    await session.ask("list_conflicts", {"project": "telescope"}, says, {"items": conflicts, "total": 1})


def text_of(blocks: list[Any]) -> str:
    """The text of content blocks, as objects or as JSON."""
    return "".join(block["text"] if isinstance(block, dict) else block.text for block in blocks)
