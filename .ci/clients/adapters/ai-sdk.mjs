// The tools of Vercel's AI SDK, called without a model.
import { ARGUMENTS, BINARY, load, play, textOf } from "./story.mjs";

const { createMCPClient } = await load("@ai-sdk/mcp");
const { Experimental_StdioMCPTransport } = await load("@ai-sdk/mcp/mcp-stdio");
const transport = new Experimental_StdioMCPTransport({ command: BINARY, args: ARGUMENTS });
const client = await createMCPClient({ transport });
const tools = await client.tools();
const schemas = Object.entries(tools).map(([name, tool]) => [name, tool.inputSchema.jsonSchema]);
await play(Object.fromEntries(schemas), async (name, args) => {
  const result = await tools[name].execute(args, { toolCallId: "1", messages: [] });
  return [textOf(result.content), result.structuredContent, Boolean(result.isError)];
});
await client.close();
