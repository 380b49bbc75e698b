// The story of a proposal through the official TypeScript SDK, over HTTP and through the proxy, in each
// era of the protocol.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

const require = createRequire(new URL("../../target/ci/node/", import.meta.url));
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");
const BINARY = new URL("../../target/debug/atocore", import.meta.url).pathname;
const ERAS = { "2025-11-25": "legacy", "2026-07-28": "auto" };

const folder = mkdtempSync(join(tmpdir(), "atocore-ts-"));
const db = join(folder, "store.db");
let server, url, token;

before(async () => {
  const printed = execFileSync(BINARY, ["--db", db, "token", "create", "ts", "--role", "review"], { encoding: "utf8" });
  token = printed.match(/atocore_\w+/)[0];
  server = spawn(BINARY, ["--db", db, "web", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    url = `${line.split(" ").at(-1)}/mcp`;
    break;
  }
});

after(() => {
  server.kill();
  rmSync(folder, { recursive: true });
});

function transport(kind) {
  if (kind === "proxy") {
    const env = { ATOCORE_TOKEN: token };
    return new StdioClientTransport({ command: BINARY, args: ["proxy", url], env });
  }
  const headers = { Authorization: `Bearer ${token}` };
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
}

for (const kind of ["http", "proxy"]) {
  for (const [version, mode] of Object.entries(ERAS)) {
    test(`a proposal over ${kind}, ${version}`, async () => {
      const client = new Client({ name: "ts", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(transport(kind));
      assert.equal(client.getNegotiatedProtocolVersion(), version);
      const { tools } = await client.listTools();
      assert.ok(tools.some((tool) => tool.name === "promote_entity"));

      // The SDK validates each structured answer against the schema of its tool.
      const call = async (name, args) => {
        const result = await client.callTool({ name, arguments: args });
        assert.ok(!result.isError, JSON.stringify(result.content));
        return result.structuredContent;
      };
      const fact = { entity_type: "risk", name: `Late mirror ${kind} ${version}`, hand_authored: true };
      const { entity_id } = (await call("create_entity", fact)).entity;
      assert.equal((await call("list_candidates", {})).total, 1);
      assert.equal((await call("promote_entity", { entity_id })).entity.status, "active");
      const { entries } = await call("get_entity_audit", { entity_id });
      assert.deepEqual(entries.map((entry) => [entry.action, entry.actor]), [["created", "ts"], ["promoted", "ts"]]);

      const wrong = await client.callTool({ name: "create_entity", arguments: { ...fact, entity_type: "gadget" } });
      assert.equal(JSON.parse(wrong.content[0].text).error.code, "invalid");
      await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }));
      assert.ok((await client.listPrompts()).prompts.length > 0);
      await client.close();
    });
  }
}
