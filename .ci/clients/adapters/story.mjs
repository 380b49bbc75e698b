// The lifecycle that each JavaScript client runs, and the report about what reaches its user. An adapter gives
// `call(tool, arguments)`, which answers [text or undefined, structured content or undefined, is it an error].
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Set by .ci/clients/all: the program, a new file, and the path of the report.
export const BINARY = process.env.ATOCORE_BINARY;
export const ARGUMENTS = ["--db", process.env.ATOCORE_STORE, "serve"];

// The client is installed in a folder of its own, the adapter's argument.
const require = createRequire(pathToFileURL(join(process.argv[2], "package.json")));
export const load = (name) => import(pathToFileURL(require.resolve(name)));

export const textOf = (blocks) => blocks.map((block) => block.text).join("");

function session(call) {
  const seen = { text: true, structured: true };
  async function ask(tool, args, says, holds) {
    const [text, structured, isError] = await call(tool, args);
    assert.ok(!isError, `${tool} ${JSON.stringify(args)}: ${text}`);
    assert.ok(text || structured, `${tool} answered with nothing`);
    seen.text &&= Boolean(text);
    seen.structured &&= structured !== undefined;
    for (const words of text ? says : []) assert.ok(text.includes(words), `${tool} does not say ${words}: ${text}`);
    if (structured !== undefined) contains(structured, holds);
    return { text, structured };
  }
  async function refused(tool, args) {
    const [text, , isError] = await call(tool, args);
    assert.ok(isError, `${tool} ${JSON.stringify(args)} was no error: ${text}`);
    for (const words of ['"code":', '"message":', '"hint":', "nothing"]) assert.ok(text.includes(words), text);
  }
  return { ask, refused, seen };
}

// All that is wanted is there; lists have the same length.
function contains(found, wanted) {
  if (typeof wanted !== "object") return assert.equal(found, wanted);
  if (Array.isArray(wanted)) assert.equal(found.length, wanted.length);
  for (const [name, value] of Object.entries(wanted)) contains(found?.[name], value);
}

// The id of the row: from the structured content, or after its type in the text.
const idOf = ({ text, structured }, kind, word) =>
  structured ? structured[kind][`${kind}_id`] : text.match(new RegExp(`\\b${word} (\\w{7})\\b`))[1];

// The whole story, on a file without rows; `tools` are the schemas of the arguments as the client has them.
export async function play(tools, call) {
  const { ask, refused, seen } = session(call);
  await proposeAndPromote(ask);
  await graduate(ask);
  await contradict(ask);
  // No client finds this error by the schema of the arguments.
  await refused("promote_entity", { entity_id: "nothing" });
  writeFileSync(process.env.ATOCORE_REPORT, JSON.stringify({ tools, ...seen }));
}

async function propose(ask, entity_type, name, source, more = {}) {
  const fact = { entity_type, name, source_refs: [source], ...more };
  const holds = { created: true, entity: { status: "candidate", ...fact } };
  const says = [`"${name}"`, "(candidate, version 1)"];
  return idOf(await ask("create_entity", { ...fact, project: "telescope" }, says, holds), "entity", entity_type);
}

async function promote(ask, entity_id, says, holds) {
  const active = { entity: { entity_id, status: "active", version: 2 }, ...holds };
  await ask("promote_entity", { entity_id }, [entity_id, "(active, version 2)", ...says], active);
}

async function proposeAndPromote(ask) {
  const entity_id = await propose(ask, "component", "Mirror cell", "doc:cell.md");
  await promote(ask, entity_id, [], { changed: true });
  const says = ["created by", "promoted by", '"candidate" → "active"'];
  const change = { action: "promoted", before: { status: "candidate" }, after: { status: "active" } };
  const holds = { entries: [{ action: "created", after: { status: "candidate" } }, change] };
  await ask("get_entity_audit", { entity_id }, says, holds);
}

async function graduate(ask) {
  const statement = { memory_type: "knowledge", content: "The mirror is polished at the institute.", project: "telescope" };
  const made = await ask("create_memory", statement, ["(candidate"], { memory: { status: "candidate" } });
  const memory_id = idOf(made, "memory", "memory");
  await ask("review_memory", { memory_id, action: "promote" }, ["(active"], { memory: { status: "active" } });
  const holds = { created: true, entity: { source_refs: [`memory:${memory_id}`], status: "candidate" } };
  const wish = { memory_id, entity_type: "process", name: "Polishing" };
  const proposed = await ask("graduate_memory", wish, ["becomes process", "(candidate"], holds);
  const graduated = [{ memory_id, status: "graduated" }];
  await promote(ask, idOf(proposed, "entity", "process"), [`graduated memory ${memory_id}`], { graduated });
}

// Two values of one parameter; the second promotion and the list show both sides.
async function contradict(ask) {
  const says = ['parameter.value "Focal length" (open)'];
  const members = [];
  const conflicts = [{ slot_kind: "parameter.value", status: "open", members }];
  for (const value of ["1200", "1250"]) {
    const source = `doc:${value}.md`;
    const member_id = await propose(ask, "parameter", "Focal length", source, { properties: { value, unit: "mm" } });
    says.push(`entity ${member_id} says "${value} mm"`);
    members.push({ member_id, value: `${value} mm`, source_refs: [source] });
    await promote(ask, member_id, ...(value === "1200" ? [[], {}] : [says, { conflicts }]));
  }
  await ask("list_conflicts", { project: "telescope" }, says, { items: conflicts, total: 1 });
}
