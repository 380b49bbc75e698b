"""The story through the command line of the MCP Inspector: a new server process for each call."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from scenario import BINARY, DEFAULT_TOOLS, ROOT, Agent, Answer, Row, play
from sdk import command

# What the Inspector exits with when the result says isError.
TOOL_FAILED = 5


@pytest.fixture(params=["legacy", "modern"])
def era(request: pytest.FixtureRequest) -> str:
    return request.param


class Inspector:
    """Runs `mcp-inspector --cli` against a server on one file."""

    def __init__(self, db: Path, era: str, *server: str) -> None:
        self.db = db
        options = ["-e", f"ATOCORE_DB={db}", "--protocol-era", era, "--format", "json"]
        self._command = ["mcp-inspector", "--cli", *server, *options]
        # Nothing of the user's own: neither a catalog, nor a keychain, nor a database.
        self._environment = {
            **os.environ,
            "HOME": str(db.parent),
            "MCP_INSPECTOR_SECRET_STORE": "memory",
            "PATH": f"{BINARY.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, method: str, *arguments: str) -> tuple[int, Row]:
        done = subprocess.run(
            [*self._command, "--method", method, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode in (0, TOOL_FAILED), f"{done.returncode}: {done.stderr}"
        return done.returncode, json.loads(done.stdout)["result"]

    def tools(self) -> list[Row]:
        _, result = self.run("tools/list", "--strict")
        return result["tools"]

    async def call(self, tool: str, arguments: Row) -> Answer:
        wish = ["--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
        code, result = self.run("tools/call", *wish)
        text = "".join(block["text"] for block in result["content"])
        assert (code == TOOL_FAILED) == result.get("isError", False)
        return Answer(code == TOOL_FAILED, text, result.get("structuredContent"))


def names(tools: list[Row]) -> set[str]:
    return {tool["name"] for tool in tools}


@pytest.mark.anyio
async def test_lifecycle(tmp_path: Path, era: str) -> None:
    inspector = Inspector(tmp_path / "a.db", era, str(BINARY))
    tools = inspector.tools()
    assert names(tools) == DEFAULT_TOOLS
    await play(Agent(inspector.call, {tool["name"]: tool["outputSchema"] for tool in tools}))
    command(inspector.db, "audit", "verify")


def test_strict_with_all_tools(tmp_path: Path, era: str) -> None:
    config = tmp_path / "all.json"
    server = {"type": "stdio", "command": str(BINARY), "args": ["serve", "--tools", "all"]}
    config.write_text(json.dumps({"mcpServers": {"all": server}}))
    inspector = Inspector(tmp_path / "a.db", era, "--config", str(config), "--server", "all")
    assert names(inspector.tools()) > DEFAULT_TOOLS


def test_mcp_json(tmp_path: Path, era: str) -> None:
    server = ["--config", str(ROOT / "mcp.json"), "--server", "atocore"]
    inspector = Inspector(tmp_path / "a.db", era, *server)
    assert names(inspector.tools()) == DEFAULT_TOOLS
    assert inspector.db.exists()
