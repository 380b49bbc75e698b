// The review queue and the conflicts in a chat (MCP Apps, SEP-1865). Every decision is a call of a tool, which
// the host passes on to the server; stored texts are set as text, never as markup.
"use strict";

const settings = JSON.parse(document.getElementById("settings").textContent);
const isQueue = settings.view === "queue";
const place = (id) => document.getElementById(id);

// --- Messages: JSON-RPC 2.0 over postMessage.

const waiting = new Map();
let lastId = 0;
let host = {};

const send = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const notify = (method, params = {}) => send({ method, params });

function request(method, params) {
  const id = ++lastId;
  send({ id, method, params });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  if (data.method === undefined) {
    const { resolve, reject } = waiting.get(data.id) ?? {};
    waiting.delete(data.id);
    if (data.error) reject?.(new Error(data.error.message));
    else resolve?.(data.result);
  } else if (data.id !== undefined) {
    const known = ["ping", "ui/resource-teardown"].includes(data.method);
    send({ id: data.id, ...(known ? { result: {} } : { error: { code: -32601, message: "unknown method" } }) });
  } else {
    handlers[data.method]?.(data.params ?? {});
  }
});

const handlers = {
  "ui/notifications/tool-input": (params) => { input = params.arguments ?? {}; },
  "ui/notifications/tool-result": (params) => attempt(() => show(params)),
  "ui/notifications/tool-cancelled": () => attempt(() => { throw new Error("The call was cancelled."); }),
  "ui/notifications/host-context-changed": applyContext,
};

function applyContext(context) {
  const root = document.documentElement;
  if (context.theme === "light" || context.theme === "dark") root.style.colorScheme = context.theme;
  for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
    if (/^--(color|font)-[a-z0-9-]+$/.test(name) && typeof value === "string") root.style.setProperty(name, value);
  }
}

// --- Tools.

// Calls a tool; returns its structured answer, or throws what the tool said.
async function call(name, args) {
  return readAnswer(await request("tools/call", { name, arguments: args }));
}

function readAnswer(result) {
  const text = (result?.content ?? []).map((block) => block.text ?? "").join("\n");
  if (result?.isError) {
    let error = null;
    try { error = JSON.parse(text).error; } catch { /* Not an error of this server. */ }
    throw new Error(error ? `${error.message}. ${error.hint}` : text || "The call failed.");
  }
  if (!result?.structuredContent) throw new Error(text || "The answer has no structured content.");
  return result.structuredContent;
}

let input = {};
let answer = null;
let rows = [];
let at = 0;
let cursor = null;
let opened = [];
let operation = null;
const decided = [];

const listTool = isQueue ? "list_candidates" : "list_conflicts";

function show(result) {
  answer = readAnswer(result);
  rows = (answer.items ?? []).map((row) => ({ ...answer.every_row, ...row }));
  at = Math.max(0, Math.min(at, rows.length - 1));
  render();
}

async function reload() {
  const { cursor: _, ...args } = input;
  show(await request("tools/call", { name: listTool, arguments: cursor ? { ...args, cursor } : args }));
  if (rows.length === 0 && cursor) {
    cursor = null;
    await reload();
  }
}

// Runs a step with the buttons off, and shows its failure.
async function attempt(step) {
  if (isBusy) return;
  setBusy(true);
  report(null);
  try {
    await step();
  } catch (error) {
    report(error);
    render();
  }
  setBusy(false);
  (document.querySelector("article h2") ?? document.querySelector("h1")).focus();
}

// `told` is for the model: ids only, no stored text.
const decide = (name, args, done, told) => attempt(async () => {
  const result = await call(name, args);
  const failed = result.results?.find((one) => one.error);
  if (failed) throw new Error(failed.error);
  operation = name !== "undo" && result.changed ? result.operation : null;
  place("status").textContent = result.changed ? done : `Nothing changed. ${visible(result.next_step ?? "")}`;
  if (result.changed) tellModel(told);
  const touched = [...(result.conflicts ?? []), result.conflict].filter(Boolean);
  const isTouched = (known) => touched.some((conflict) => conflict.conflict_id === known.conflict_id);
  opened = opened.filter((known) => !isTouched(known));
  if (isQueue) opened.push(...touched.filter((conflict) => conflict.status === "open"));
  await reload();
});

function tellModel(told) {
  decided.push(told);
  if (!host.updateModelContext) return;
  const text = `Decided in the app of this conversation:\n${decided.join("\n")}`;
  request("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
}

function report(error) {
  place("error").textContent = error ? visible(error.message) : "";
  if (error) place("status").textContent = "";
}

let isBusy = false;

function setBusy(on) {
  isBusy = on;
  document.querySelector("main").setAttribute("aria-busy", on);
  document.querySelectorAll("button").forEach((button) => { button.disabled = on; });
}

// --- Elements.

// Shows hidden characters as escapes, as the answers in text do.
const HIDDEN = new RegExp("[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}" +
  "\\u{e0000}-\\u{e0fff}]", "gu");
const visible = (text) => String(text).replace(HIDDEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

function el(tag, fields, ...children) {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children.flat().filter(Boolean).map((child) => (child instanceof Node ? child : visible(child))));
  return made;
}

const valueText = (value) => (typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value));
const card = (heading, ...children) => el("section", { className: "card" }, el("h3", {}, heading), ...children);
const warning = (heading, ...children) => el("section", { className: "card warn" }, el("h3", {}, heading), ...children);
const soft = (...children) => el("p", { className: "soft" }, ...children);
const words = (name) => name.replaceAll("_", " ");
const button = (text, onclick, className = "") => el("button", { type: "button", onclick, className }, text);

function table(fields) {
  const lines = fields.map(([name, ...cells]) =>
    el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((cell) => el("td", {}, cell))));
  return el("table", {}, el("tbody", {}, lines));
}

function differences(changes) {
  return table(Object.entries(changes).map(([field, change]) => {
    if (change.added) return [field, "", el("ins", {}, valueText(change.added))];
    const now = valueText(change.now ?? change.was);
    return [field, now && el("del", {}, now), el("ins", {}, valueText(change.proposed))];
  }));
}

const IDS = ["entity_id", "memory_id", "revision_id", "relationship_id", "conflict_id", "id"];
const idOf = (row) => row[IDS.find((name) => row[name])] ?? "";

function titleOf(row) {
  const ends = (row.ends ?? []).map((end) => end.name);
  if (ends.length === 2) return `${ends[0]} ${row.relationship_type} ${ends[1]}`;
  return row.name || row.content || row.row || row.slot_key || idOf(row);
}

function line(row, head = "") {
  const marks = (row.marks ?? []).map((mark) => el("span", { className: "mark" }, words(mark)));
  return el("li", {}, head && `${head} `, el("b", {}, titleOf(row)), " ", row.headline ?? "", " ",
    el("span", { className: "id" }, idOf(row)), ...marks.flatMap((mark) => [" ", mark]));
}

const list = (heading, rows, head) => rows?.length && card(heading, el("ul", {}, rows.map((row) => line(row, head?.(row)))));

// --- The queue.

function renderRow(row) {
  const age = row.age_days ? `${row.age_days} d ago` : "today";
  const type = row.entity_type ?? row.memory_type ?? row.relationship_type ?? row.kind;
  const marks = (row.marks ?? []).map((mark) => el("span", { className: "mark" }, words(mark)));
  const value = row.headline || valueText(row.properties?.value);
  const parts = [
    el("h2", { tabIndex: -1, dir: "auto" }, titleOf(row)),
    value && el("p", { className: "value" }, value),
    soft(`${type} · `, el("span", { className: "id" }, idOf(row)), ` · ${row.project || "global"} · proposed ${age} by ${row.actor || "?"}`),
    marks.length && el("p", {}, marks.flatMap((mark) => [mark, " "])),
    row.description && el("p", { dir: "auto" }, row.description),
    row.note && soft(`Because: ${row.note}`),
    ...(row.would_conflict ?? []).map((conflict) => warning("Promoting opens a conflict", table([
      ...conflict.others.map((side) => [side.id, el("b", {}, side.value), "active"]),
      ["this one", el("b", {}, conflict.value), words(conflict.slot_kind)],
    ]))),
    row.stale && warning("Its row changed since it was proposed"),
    row.uid_holder && warning("An active row has this uid", differences(row.uid_holder.changes ?? {})),
    row.changes && card(`Change of ${row.row}`, differences(row.changes)),
    renderSources(row),
    Object.keys(row.properties ?? {}).some((name) => name !== "value") &&
      card("Properties", table(Object.entries(row.properties).map(([name, value]) => [name, valueText(value)]))),
    list("From and to", row.ends),
    list("Links that count with it", row.relationships, (link) => (link.direction === "in" ? "← " : "→ ") + link.relationship_type),
    list("What it would change", row.would_change, (one) => one.verdict?.join(" → ")),
    list("Similar rows", row.similar),
  ];
  return el("article", {}, parts.filter(Boolean));
}

function renderSources(row) {
  const cited = row.cited ?? {};
  const names = [...new Set([...(row.source_refs ?? []), ...Object.keys(cited)])];
  if (row.kind === "revision" && !names.length) return null;
  const none = soft(row.hand_authored ? "A person vouches for it." : "It cites none.");
  const shown = names.flatMap((name) => [
    cited[name] && el("blockquote", { dir: "auto" }, cited[name]),
    el("p", { className: "where" }, name),
  ]);
  return card("Sources", ...(names.length ? shown : [none]));
}

function decideRow(row, action, note) {
  const id = idOf(row);
  const reason = note ? { note } : {};
  const done = `${action === "promote" ? "Promoted" : "Rejected"}: ${visible(titleOf(row))}`;
  const told = `${action} ${row.kind} ${id}`;
  if (row.kind === "entity") {
    return decide(`${action}_entity`, { entity_id: id, expected_version: row.version, ...reason }, done, told);
  }
  if (row.kind === "memory") {
    return decide("review_memory", { memory_id: id, action, expected_version: row.version, ...reason }, done, told);
  }
  return decide("review_candidates", { decisions: [{ id, action, ...reason }] }, done, told);
}

function renderDecision(row) {
  const reason = el("input", { autocomplete: "off", maxLength: 10000 });
  const reject = () => decideRow(row, "reject", reason.value.trim());
  const ask = el("div", { className: "card", hidden: true }, el("label", {}, "Reason", reason),
    el("div", { className: "bar" }, button("Reject it", reject, "no"), button("Cancel", () => { ask.hidden = true; opener.focus(); })));
  reason.onkeydown = (event) => {
    if (event.key === "Enter" && !event.isComposing) reject();
    if (event.key === "Escape") { ask.hidden = true; opener.focus(); }
  };
  const opener = button("Reject …", () => { ask.hidden = false; reason.focus(); }, "no");
  return [el("div", { className: "bar" }, button("Promote", () => decideRow(row, "promote"), "go"), opener), ask];
}

// --- Conflicts.

function renderConflict(conflict, heading) {
  const id = conflict.conflict_id;
  const open = conflict.status === "open";
  const reason = el("input", { autocomplete: "off", maxLength: 10000 });
  const settle = (resolution, winner, done) => {
    const note = reason.value.trim();
    const args = { conflict_id: id, resolution, ...(winner && { winner_id: winner }), ...(note && { note }) };
    decide("resolve_conflict", args, done, `resolve conflict ${id}: ${resolution}${winner ? ` ${winner}` : ""}`);
  };
  const sides = conflict.members.map((side) => el("section", { className: "card" },
    el("p", { className: "value", dir: "auto" }, side.value),
    el("p", {}, side.name || "", " ", el("span", { className: "id" }, side.member_id)),
    soft(`${side.member_kind}, trust ${side.trust}${side.row_status ? `, ${side.row_status}` : ""}${side.member_id === conflict.suggested ? ", most trusted" : ""}`),
    ...(side.source_refs ?? []).map((source) => el("p", { className: "where" }, source)),
    open && canDecide() ? el("div", {}, button("This is right", () => settle("supersede_others", side.member_id, `Settled: ${visible(side.value)} holds.`))) : null));
  const choices = open && canDecide() ? [
    el("label", {}, "Reason", reason),
    el("div", { className: "bar" },
      button("Both stand: keep all", () => settle("keep_all", null, "Settled: the contradiction stays on record.")),
      button("No contradiction: dismiss", () => settle("dismiss", null, "Settled: it is no contradiction."))),
  ] : [];
  return el("article", {}, heading && el("p", { className: "error" }, heading), el("h2", { tabIndex: -1, dir: "auto" }, conflict.slot_key),
    soft(`${words(conflict.slot_kind)} · `, el("span", { className: "id" }, id),
      ` · ${conflict.project || "global"} · ${conflict.status}${conflict.resolution ? `, ${words(conflict.resolution)}` : ""}`),
    el("div", { className: "sides" }, sides), ...choices);
}

// --- The page.

const canDecide = () => settings.decides && Boolean(host.serverTools);

function renderAdvice(id) {
  const link = settings.page?.replace(/ID$/, encodeURIComponent(id));
  const advice = settings.decides ? "This client passes no calls on. Say in the chat what you decide."
    : settings.advice.replaceAll(/\bID\b/g, id);
  return card("To decide", el("p", {}, advice),
    link && host.openLinks && el("div", {}, button("Open the page", () => attempt(() => request("ui/open-link", { url: link })))));
}

const go = (step) => attempt(async () => {
  place("status").textContent = "";
  if (rows[at + step]) {
    at += step;
    render();
  } else {
    [cursor, at] = [answer.next_cursor, 0];
    await reload();
  }
});

function renderSteps() {
  const calls = Boolean(host.serverTools);
  return el("div", { className: "bar" },
    at > 0 && button("Back", () => go(-1)),
    (rows[at + 1] || (calls && answer?.next_cursor)) && button(isQueue ? "Later" : "Next", () => go(1)),
    operation && canDecide() && button("Undo", () => decide("undo", { operation }, "Undone.", `undo ${operation}`)),
    calls && button("Refresh", () => attempt(reload)));
}

function renderContent(row) {
  if (!answer) return [soft("The answer of the tool could not be read.")];
  if (!row) return [soft(isQueue ? "Nothing waits for a decision." : "No contradiction is open.")];
  const shown = isQueue ? [renderRow(row), ...(canDecide() ? renderDecision(row) : [])] : [renderConflict(row)];
  return canDecide() ? shown : [...shown, renderAdvice(idOf(row))];
}

function render() {
  const row = rows[at];
  const total = answer?.total ?? rows.length;
  const here = total === rows.length ? `${at + 1} of ${total}` : `${at + 1} of ${rows.length} here, ${total} in all`;
  place("count").textContent = row ? here : "";
  place("opened").replaceChildren(...opened.map((conflict) => renderConflict(conflict, "This opened a conflict")));
  place("content").replaceChildren(...renderContent(row), renderSteps());
}

new ResizeObserver(() => {
  const { width, height } = document.body.getBoundingClientRect();
  notify("ui/notifications/size-changed", { width: Math.ceil(width), height: Math.ceil(height) });
}).observe(document.body);

request("ui/initialize", {
  protocolVersion: "2026-01-26",
  appInfo: { name: "atocore", version: settings.version },
  appCapabilities: { availableDisplayModes: ["inline"] },
}).then((result) => {
  host = result.hostCapabilities ?? {};
  applyContext(result.hostContext ?? {});
  notify("ui/notifications/initialized");
}).catch(report);
