#!/usr/bin/env python3
"""Claude Code with the plugin: .ci/clients/claude_plugin.py CLAUDE

Installs the plugin from this checkout as a marketplace, in an empty home folder, and lets the real program take
one turn against a local server that answers every request with one sentence. The request must have what the
hooks add, and the store the turn afterwards. Nothing leaves this machine.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ATOCORE = ROOT / "target/debug/atocore"
ANSWER = "The blank is a glass ceramic."
PROMPT = "What is the primary mirror made of?"
SKILLS = sorted(path.stem for path in (ROOT / "src/mcp/skills").glob("*.md"))


class Messages(BaseHTTPRequestHandler):
    """As much of the Messages API as one turn needs: a streamed answer of one text."""

    requests = []

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.path.startswith("/v1/messages") or "count_tokens" in self.path:
            return self.reply("application/json", json.dumps({"input_tokens": 1}))
        self.requests.append(request)
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"]}
        usage = {"input_tokens": 1, "output_tokens": 1}
        if not request.get("stream"):
            body = {"content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn", "usage": usage}
            return self.reply("application/json", json.dumps(message | body))
        start = message | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        events = [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]
        self.reply("text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events))

    def do_GET(self):
        self.reply("application/json", "{}")

    do_HEAD = do_GET

    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def run(*command, cwd, **environment):
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, stdin=subprocess.DEVNULL, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def check(holds, what, shown=""):
    if not holds:
        sys.exit(f"not so: {what}\n{shown}")
    print(f"ok: {what}")


def main(claude):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Messages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "lynx")
        folder.mkdir()
        environment = {
            "HOME": home,
            "PATH": f"{ATOCORE.parent}:{os.environ['PATH']}",
            "ATOCORE_DB": f"{home}/knowledge.db",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}",
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            # A debug build has the time it needs.
            "ATOCORE_TEST_DEADLINE": "60000",
        }

        def call(*command):
            return run(*command, cwd=folder, **environment)

        for manifest in [ROOT, ROOT / "packaging/claude-code"]:
            check("Validation passed" in call(claude, "plugin", "validate", manifest), f"{manifest.name} is valid")
        call(claude, "plugin", "marketplace", "add", ROOT)
        call(claude, "plugin", "install", "atocore@atocore")
        listed = call(claude, "mcp", "list")
        check("plugin:atocore:atocore" in listed and "Connected" in listed, "the server is connected", listed)
        call(ATOCORE, "import", ROOT / "examples/lynx.jsonl")

        printed = call(claude, "-p", PROMPT, "--model", "claude-sonnet-4-5")
        check(ANSWER in printed, "a turn is taken", printed)
        turns = [request for request in Messages.requests if PROMPT in json.dumps(request["messages"])]
        said = json.dumps(turns[-1])
        check("Briefing on project" in said and "detailed design" in said, "the session has the briefing", said)
        check("The atocore store has these rows" in said, "the prompt has the pack", said)
        check(all(f"atocore:{skill}" in said for skill in SKILLS), "the session has the skills", said)
        with sqlite3.connect(environment["ATOCORE_DB"]) as store:
            sql = "SELECT prompt, response, client, project FROM interactions WHERE response <> ''"
            rows = store.execute(sql).fetchall()
        check(rows == [(PROMPT, ANSWER, "claude-code", "p07-lynx")], "the turn is recorded", rows)


if __name__ == "__main__":
    main(sys.argv[1])
