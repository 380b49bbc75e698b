"""What the store answers about a real project, against figures derived from its files alone."""

from pathlib import Path

import pytest
from figures import FACTS, named, sources, targets, unsatisfied
from scenario import Agent, Row
from sdk import agent, command, connected

PROJECT = "fprime"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("answers") / "answers.db"
    command(file, "import", str(FACTS))
    command(file, "ingest", str(FACTS.parent), "--project", PROJECT)
    return file


async def rows(actor: Agent, question: str, **arguments: object) -> list[Row]:
    """Every row of an answer, page by page; each must come once."""
    found: list[Row] = []
    cursor = None
    while True:
        page = {"cursor": cursor} if cursor else {}
        answer = await actor.ask(
            "query_project", question=question, project=PROJECT, limit=50, **arguments, **page
        )
        found += [{**answer.get("every_row", {}), **row} for row in answer["items"]]
        cursor = answer.get("next_cursor")
        if cursor is None:
            break
    assert len(found) == answer["total"]
    ids = [row["entity_id"] for row in found if "entity_id" in row]
    assert len(ids) == len(set(ids))
    return found


def names(found: list[Row], entity_type: str | None = None) -> list[str]:
    wanted = (row for row in found if entity_type in (None, row["entity_type"]))
    return sorted(row["name"] for row in wanted)


@pytest.mark.anyio
async def test_the_map_has_every_subsystem_and_component(filled: Path) -> None:
    async with connected(filled) as client:
        found = await rows(await agent(client), "system_map")
    for entity_type, count in (("subsystem", 4), ("component", 63)):
        assert names(found, entity_type) == named(entity_type)
        assert len(named(entity_type)) == count


@pytest.mark.anyio
async def test_the_requirements_of_a_component_are_those_that_it_satisfies(filled: Path) -> None:
    async with connected(filled) as client:
        found = await rows(await agent(client), "requirements_for", name="Svc::CmdDispatcher")
    assert names(found) == targets("Svc::CmdDispatcher", "satisfies")
    assert len(found) == 4


@pytest.mark.anyio
async def test_the_matrix_has_every_requirement(filled: Path) -> None:
    async with connected(filled) as client:
        found = await rows(await agent(client), "traceability_matrix")
    assert names(found) == named("requirement")
    assert len(found) == 139


@pytest.mark.anyio
async def test_the_impact_of_an_interface_reaches_whatever_meets_it(filled: Path) -> None:
    async with connected(filled) as client:
        found = await rows(
            await agent(client), "impact_analysis", name="Fw::Cmd", entity_type="interface"
        )
    expected = sources("Fw::Cmd", "interfaces_with")
    assert expected and expected <= set(names(found))


@pytest.mark.anyio
async def test_a_requirement_is_an_orphan_once_its_only_link_ends(tmp_path: Path) -> None:
    file = tmp_path / "orphans.db"
    command(file, "import", str(FACTS))
    async with connected(file) as client:
        actor = await agent(client)
        assert names(await rows(actor, "orphan_requirements")) == unsatisfied() == []
        entity = await actor.ask("get_entity", name="CD-003", project=PROJECT)
        [link] = entity["relationships"]
        assert link["relationship_type"] == "satisfies"
        await actor.ask(
            "create_relationship",
            source_id=link["entity_id"],
            relationship_type="satisfies",
            target_id=entity["entity"]["entity_id"],
            end=True,
        )
        assert names(await rows(actor, "orphan_requirements")) == ["CD-003"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "name", "entity_type"),
    [
        ("suspend the thread", "FH-002", "requirement"),
        ("TlmChan", "Svc::TlmChan", "component"),
        ("FH-001", "FH-001", "requirement"),
        ("fw::prmget", "Fw::PrmGet", "interface"),
    ],
)
async def test_search_finds_it_first(
    filled: Path, query: str, name: str, entity_type: str
) -> None:
    async with connected(filled) as client:
        found = (await (await agent(client)).ask("search", query=query))["items"]
    assert (found[0].get("name"), found[0].get("entity_type")) == (name, entity_type)


@pytest.mark.anyio
@pytest.mark.parametrize("budget", [500, 4_000, 20_000])
async def test_a_context_pack_stays_within_its_budget(filled: Path, budget: int) -> None:
    async with connected(filled) as client:
        pack = await (await agent(client)).ask(
            "build_context", query="who stores telemetry values", project=PROJECT, budget=budget
        )
    assert 0 < len(pack["context"]) == pack["used"] <= budget


def test_a_second_ingest_changes_nothing(filled: Path) -> None:
    again = command(filled, "ingest", str(FACTS.parent), "--project", PROJECT)
    assert "0 added, 0 replaced" in again
    assert "0 removed" in again
