// The tools of Mastra, called without an agent. The text of an answer is in a hidden field.
import { ARGUMENTS, BINARY, load, play, textOf } from "./story.mjs";

const { MCPClient, getMcpCallToolContent } = await load("@mastra/mcp");
const client = new MCPClient({ servers: { atocore: { command: BINARY, args: ARGUMENTS } } });
const tools = await client.listTools();
const schemas = Object.entries(tools).map(([name, tool]) => [
  name,
  tool.inputSchema["~standard"].jsonSchema.input({ target: "draft-2020-12" }),
]);
await play(Object.fromEntries(schemas), async (name, args) => {
  try {
    const result = await tools[`atocore_${name}`].execute(args, {});
    return [textOf(getMcpCallToolContent(result)), result, false];
  } catch (error) {
    return [error.message, undefined, true];
  }
});
await client.disconnect();
