// The official TypeScript SDK 2.
import { ARGUMENTS, BINARY, load, play, textOf } from "./story.mjs";

const { Client } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");
const client = new Client({ name: "ci", version: "1" }, { versionNegotiation: { mode: "auto" } });
await client.connect(new StdioClientTransport({ command: BINARY, args: ARGUMENTS }));
const { tools } = await client.listTools();
await play(Object.fromEntries(tools.map((tool) => [tool.name, tool.inputSchema])), async (name, args) => {
  const result = await client.callTool({ name, arguments: args });
  return [textOf(result.content), result.structuredContent, Boolean(result.isError)];
});
await client.close();
