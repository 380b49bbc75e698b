"""What the SDKs of the model providers make of the tools: nothing is refused, and no argument is lost."""

from copy import deepcopy
from pathlib import Path

import pytest
from agents.strict_schema import ensure_strict_json_schema
from anthropic import transform_schema
from google.genai._mcp_utils import mcp_to_gemini_tool
from mcp import Tool
from sdk import connected

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tools(tmp_path: Path) -> list[Tool]:
    async with connected(tmp_path / "store.db", "--tools", "all") as client:
        return (await client.list_tools()).tools


def arguments(schema: dict, place: str = "") -> set[str]:
    """The names of all arguments, those of objects and lists of objects too."""
    found = arguments(schema["items"], f"{place}[]") if isinstance(schema.get("items"), dict) else set()
    for name, inner in (schema.get("properties") or {}).items():
        found |= {f"{place}.{name}"} | arguments(inner, f"{place}.{name}")
    return found


async def test_gemini_takes_every_tool_whole(tools: list[Tool]) -> None:
    for tool in tools:
        [declared] = mcp_to_gemini_tool(tool).function_declarations
        parameters = declared.model_dump(exclude_none=True, mode="json").get("parameters", {})
        assert arguments(parameters) == arguments(tool.input_schema), tool.name


async def test_anthropic_strict_takes_every_tool_whole(tools: list[Tool]) -> None:
    for tool in tools:
        assert arguments(transform_schema(tool.input_schema)) == arguments(tool.input_schema), tool.name


async def test_openai_strict_takes_every_tool_whole(tools: list[Tool]) -> None:
    for tool in tools:
        strict = ensure_strict_json_schema(deepcopy(tool.input_schema))
        assert arguments(strict) == arguments(tool.input_schema), tool.name


async def test_no_object_is_without_fields(tools: list[Tool]) -> None:
    """Vertex AI refuses one, and strict modes let a model put nothing into it."""

    def empty(schema: object, place: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        own = [place] if schema.get("type") == "object" and not schema.get("properties") else []
        return own + [one for name, inner in schema.items() for one in empty(inner, f"{place}.{name}")]

    # It has no arguments, which a declaration without parameters says.
    without = {"describe_ontology"}
    found = {tool.name: empty(tool.input_schema, "") for tool in tools if tool.name not in without}
    assert not {name: places for name, places in found.items() if places}
