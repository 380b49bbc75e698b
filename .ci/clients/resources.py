"""Resources, templates, completion and prompts through the official Python SDK, in each era."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference
from scenario import PROJECT, Row, contradict
from sdk import agent, connected

pytestmark = pytest.mark.anyio

PROMPTS = {
    "review-candidates",
    "resolve-conflicts",
    "capture-decision",
    "what-am-i-forgetting",
    "graduate-memories",
    "onboard-project",
}
ALIAS = "Big Scope"
STATEMENT = "The mirror is polished at the institute."


@pytest.fixture(params=["legacy", "auto"])
async def client(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A client of a server whose store has a project with a contradiction and a memory."""
    # An error that a client provokes is logged as a warning.
    server = ("--tools", "all", "--log", "error")
    async with connected(tmp_path / "a.db", *server, mode=request.param) as client:
        actor = await agent(client)
        await actor.ask("register_project", name=PROJECT, aliases=[ALIAS])
        await contradict(actor)
        await actor.ask(
            "create_memory", memory_type="knowledge", content=STATEMENT, project=PROJECT
        )
        yield client


async def read(client: Client, uri: str) -> str:
    [contents] = (await client.read_resource(uri)).contents
    assert contents.uri == uri
    return contents.text


async def completed(
    client: Client, ref: PromptReference | ResourceTemplateReference, argument: str, begun: str
) -> list[str]:
    completion = (await client.complete(ref, {"name": argument, "value": begun})).completion
    assert completion.total == len(completion.values)
    assert completion.has_more is False
    return completion.values


async def templates(client: Client) -> dict[str, str]:
    listed = (await client.list_resource_templates()).resource_templates
    return {template.name: template.uri_template for template in listed}


async def test_every_listed_resource_is_read(client: Client) -> None:
    listed = (await client.list_resources()).resources
    assert len(listed) == 4
    for resource in listed:
        [contents] = (await client.read_resource(resource.uri)).contents
        assert contents.mime_type == resource.mime_type
        if resource.mime_type == "application/json":
            assert json.loads(contents.text)
        else:
            assert contents.text.startswith(f"# Project {PROJECT}")


async def test_resources_are_what_the_tools_answer(client: Client) -> None:
    actor = await agent(client)
    conflicts: Row = json.loads(await read(client, "atocore://conflicts"))
    assert conflicts == await actor.ask("list_conflicts")
    assert json.loads(await read(client, "atocore://projects")) == await actor.ask("list_projects")
    ontology = json.loads(await read(client, "atocore://ontology"))
    assert ontology == await actor.ask("describe_ontology")
    for member in conflicts["items"][0]["members"]:
        entity_id = member["member_id"]
        found = json.loads(await read(client, f"atocore://entity/{entity_id}"))
        assert found == await actor.ask("get_entity", entity_id=entity_id, detail="full")


async def test_templates_are_completed_and_read(client: Client) -> None:
    uris = await templates(client)
    for kind, begun in {"entity": "focal", "memory": "the mirror is"}.items():
        ref = ResourceTemplateReference(uri=uris[kind])
        ids = await completed(client, ref, "id", begun)
        assert ids
        for row_id in ids:
            assert await completed(client, ref, "id", row_id[:-1]) != []
            found = json.loads(await read(client, uris[kind].replace("{id}", row_id)))
            assert found[kind][f"{kind}_id"] == row_id

    overview = uris["project-overview"]
    ref = ResourceTemplateReference(uri=overview)
    for begun in ("", "tele", "big", "telescop"):
        assert await completed(client, ref, "name", begun) == [PROJECT]
    page = await read(client, overview.replace("{name}", PROJECT))
    assert page == await read(client, overview.replace("{name}", ALIAS.replace(" ", "%20")))


async def test_prompts_hold_what_is_stored(client: Client) -> None:
    prompts = (await client.list_prompts()).prompts
    assert {prompt.name for prompt in prompts} == PROMPTS
    for prompt in prompts:
        ref = PromptReference(name=prompt.name)
        [project] = await completed(client, ref, prompt.arguments[0].name, "Tele")
        result = await client.get_prompt(prompt.name, {"project": project})
        assert result.description == prompt.description
        [message] = result.messages
        assert message.role == "user"
        assert PROJECT in message.content.text
    review = await client.get_prompt("review-candidates", {"project": ALIAS})
    assert f'"{STATEMENT}"' in review.messages[0].content.text


async def test_what_is_not_there_is_an_error_that_names_what_is(client: Client) -> None:
    modern = client.protocol_version == "2026-07-28"
    with pytest.raises(MCPError, match="telescope") as missing:
        await client.read_resource("atocore://project/telescoop/overview")
    assert missing.value.error.code == (-32602 if modern else -32002)
    with pytest.raises(MCPError, match="review-candidates"):
        await client.get_prompt("review")
    with pytest.raises(MCPError, match="list_projects"):
        await client.get_prompt("review-candidates")
    with pytest.raises(MCPError, match="Templates: "):
        ref = ResourceTemplateReference(uri="atocore://entity")
        await client.complete(ref, {"name": "id", "value": ""})
