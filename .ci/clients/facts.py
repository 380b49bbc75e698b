"""The import of a real project: what becomes of it, and that a second import adds nothing."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sdk import agent, command, connected

FACTS = Path(os.environ["FACTS"]).resolve()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    file = tmp_path / "facts.db"
    command(file, "import", str(FACTS))
    return file


def query(db: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(sql).fetchall()


def counts(db: Path) -> dict[str, int]:
    tables = ("entities", "relationships", "memory_audit", "conflicts")
    return {table: query(db, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def test_every_fact_is_a_row(db: Path) -> None:
    made = counts(db)
    assert (made["entities"], made["relationships"]) == (222, 242)
    command(db, "audit", "verify")


def test_the_contradiction_is_the_only_conflict(db: Path) -> None:
    conflicts = query(db, "SELECT id, slot_kind, slot_key FROM conflicts WHERE status = 'open'")
    [(conflict_id, slot_kind, slot_key)] = conflicts
    assert (slot_kind, slot_key) == ("requirement.value", "FH-002")
    members = query(db, "SELECT conflict_id FROM conflict_members")
    assert members == [(conflict_id,)] * 2


@pytest.mark.anyio
async def test_the_conflict_shows_both_texts_and_their_documents(db: Path) -> None:
    facts = [json.loads(line) for line in FACTS.read_text().splitlines()]
    stated = {
        fact["description"]: fact["source_refs"] for fact in facts if fact.get("name") == "FH-002"
    }
    assert len(stated) == 2
    async with connected(db) as client:
        actor = await agent(client)
        [conflict] = (await actor.ask("list_conflicts", project="fprime"))["items"]
    shown = {member["value"]: member["source_refs"] for member in conflict["members"]}
    assert shown == stated


def test_a_second_import_adds_nothing(db: Path) -> None:
    before = counts(db)
    command(db, "import", str(FACTS))
    assert counts(db) == before
    command(db, "audit", "verify")
