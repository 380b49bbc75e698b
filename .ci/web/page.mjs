// Drives the page in a real Chromium: by mouse, by keyboard alone, and with JavaScript switched off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { AXE, SHOTS, launch, watch } from "./browser.mjs";
import { Store } from "./store.mjs";

const VIEWS = ["inbox", "conflicts", "project", "matrix", "search?query=mass", "audit?verify=yes", "graph"];

const browser = await launch();
test.after(() => browser.close());

// Opens a signed-in page; what it must not do is collected in `faults`.
async function open(t, store, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  store.contexts.push(context);
  const page = await context.newPage();
  const faults = watch(page, [store.origin]);
  await page.goto(store.link);
  await page.waitForURL("**/ui/inbox*");
  t.after(() => assert.deepEqual(faults, []));
  return page;
}

async function start(t, prepare, ...args) {
  const store = new Store();
  const prepared = prepare(store);
  await store.serve(...args);
  t.after(() => store.end());
  return [store, prepared];
}

const title = (page) => page.locator("main h2").first().textContent();

test("twenty candidates are reviewed by keyboard at a person's pace", async (t) => {
  const [store, ids] = await start(t, (store) =>
    Array.from({ length: 20 }, (_, at) => store.propose(`Sensor ${at} offset`, { properties: { value: `${at + 1} mV` } })));
  const page = await open(t, store);
  const begun = Date.now();
  for (let at = 0; at < ids.length; at++) {
    assert.equal(await title(page), `Sensor ${at} offset`);
    assert.match(await page.locator("main blockquote").first().textContent(), /offset stands in the list/);
    await wait(2_000);
    const loaded = page.waitForEvent("domcontentloaded");
    if (at % 5 === 4) {
      await page.keyboard.press("r");
      await page.keyboard.type("not measured");
      await page.keyboard.press("Enter");
    } else {
      await page.keyboard.press("p");
    }
    await loaded;
  }
  const seconds = (Date.now() - begun) / 1000;
  console.log(`20 decisions in ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 60, `${seconds} s`);
  assert.match(await page.locator("main").textContent(), /All decided/);
  ids.forEach((id, at) => assert.equal(store.status(id), at % 5 === 4 ? "invalid" : "active"));
});

test("a decision is undone by key, and keys are dead while they are off", async (t) => {
  const [store, id] = await start(t, (store) => store.propose("Tube mass", { properties: { value: "6.65 kg" } }));
  const page = await open(t, store);
  const press = async (key) => {
    const loaded = page.waitForEvent("domcontentloaded");
    await page.keyboard.press(key);
    await loaded;
  };
  await press("p");
  assert.equal(store.status(id), "active");
  await press("u");
  assert.equal(store.status(id), "candidate");
  assert.equal(await title(page), "Tube mass");
  await page.keyboard.press("?");
  await page.locator("[data-keys]").uncheck();
  await page.locator("main").click();
  await page.keyboard.press("p");
  await wait(300);
  assert.equal(store.status(id), "candidate");
});

test("a row is edited and promoted, and a stale page is told so", async (t) => {
  const [store, id] = await start(t, (store) => store.propose("Tube mass", { properties: { value: "6.65 kg" } }));
  const page = await open(t, store);
  store.call("update_entity", { entity_id: id, description: "As weighed." });
  await page.locator("[data-key=p]").click();
  await page.waitForURL("**/ui/inbox*");
  assert.match(await page.locator("main [role=status]").textContent(), /Not done.*version 2/);
  assert.equal(store.status(id), "candidate");
  await page.keyboard.press("e");
  await page.locator("[name='property.value']").fill("6.7 kg");
  await page.getByRole("button", { name: "Save and promote" }).click();
  await page.waitForURL("**/ui/inbox*");
  const row = store.call("get_row", { id }).entity;
  assert.equal(row.properties.value, "6.7 kg");
  assert.equal(row.description, "As weighed.");
  assert.equal(store.status(id), "active");
  const audit = store.call("get_entity_audit", { entity_id: id }).entries;
  assert.ok(audit.filter((entry) => entry.action === "promoted").every((entry) => entry.actor === "ada"));
});

test("a row shows what it would contradict, what it cites and what it would touch", async (t) => {
  const [store] = await start(t, (store) => {
    const mirror = store.call("get_entity", { name: "Primary mirror" }).entity.entity_id;
    const relationships = [{ relationship_type: "depends_on", target_id: mirror }];
    store.propose("M1 mass", { properties: { value: "4.65 kg" }, relationships });
  });
  const page = await open(t, store);
  const card = (heading) => page.locator("main .card", { hasText: heading }).textContent();
  assert.match(await card("Promoting opens a conflict"), /4\.2 kg.*4\.65 kg/s);
  assert.match(await card("Sources"), /weighed on receipt/);
  assert.match(await card("What it would touch"), /depends_on.*Primary mirror/s);
});

test("many at once, after their number was confirmed", async (t) => {
  const [store, ids] = await start(t, (store) =>
    ["One", "Two", "Three"].map((name) => store.propose(`${name} length`, { properties: { value: "1 m" } })));
  const page = await open(t, store);
  const decide = async (count) => {
    await page.getByText("Decide about all 3 listed").click();
    await page.locator("[name=count]").fill(count);
    await page.getByRole("button", { name: "Promote all 3" }).click();
    await page.waitForURL("**/ui/inbox*");
  };
  await decide("2");
  assert.match(await page.locator("main [role=status]").textContent(), /3 rows are listed/);
  assert.equal(store.status(ids[0]), "candidate");
  await decide("3");
  assert.match(await page.locator("main [role=status]").textContent(), /Promoted 3 of 3 rows/);
  ids.forEach((id) => assert.equal(store.status(id), "active"));
});

test("a conflict is settled, and says who won", async (t) => {
  const [store] = await start(t, () => {});
  const page = await open(t, store);
  await page.goto(`${store.origin}/ui/conflicts`);
  const side = page.locator(".side", { hasText: "4650 g" });
  await page.locator("[name=note]").fill("weighed at the vendor");
  await page.locator("[name=note]").press("Enter");
  assert.equal(store.call("list_conflicts", {}).total, 1, "Enter decides nothing");
  await side.getByRole("button", { name: "This is right" }).click();
  await page.waitForURL("**/ui/conflicts");
  assert.equal(store.call("list_conflicts", {}).total, 0);
  await page.getByRole("link", { name: "Also settled ones" }).click();
  assert.match(await page.locator(".side", { hasText: "4.2 kg" }).textContent(), /superseded/);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForURL("**/ui/inbox*");
  assert.equal(store.call("list_conflicts", {}).total, 1, "the settlement was undone");
});

test("matrix, search, rows and project are walked by keyboard and mouse", async (t) => {
  const [store] = await start(t, () => {});
  const page = await open(t, store);
  await page.keyboard.press("Tab");
  assert.equal(await page.locator(":focus").textContent(), "Skip to the content");
  await page.goto(`${store.origin}/ui/matrix`);
  const all = await page.locator("tbody tr").count();
  await page.locator("[name=verdict]").selectOption("none");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL("**verdict=none");
  const none = await page.locator("tbody tr").count();
  assert.ok(none > 0 && none < all, `${none} of ${all}`);
  await page.locator("tbody a").first().click();
  await page.waitForURL("**/ui/row/*");
  assert.match(await page.locator("main").textContent(), /History/);
  await page.goto(`${store.origin}/ui/search`);
  await page.locator("#query").pressSequentially("mirror");
  await page.locator("#found a.item").first().waitFor();
  await page.goto(`${store.origin}/ui/project`);
  assert.match(await page.locator("main").textContent(), /Coverage of 5 requirements/);
});

test("the graph is walked, and the audit filtered", async (t) => {
  const [store] = await start(t, () => {});
  const page = await open(t, store);
  const mirror = store.call("get_entity", { name: "Primary mirror" }).entity.entity_id;
  await page.goto(`${store.origin}/ui/row/${mirror}`);
  await page.locator("main").getByRole("link", { name: "Graph" }).click();
  await page.waitForURL("**/ui/graph*");
  await page.locator("svg.graph a", { hasText: "Optics" }).click();
  await page.waitForURL((url) => url.pathname === "/ui/graph" && !url.search.includes(mirror));
  assert.equal(await page.locator("h1").textContent(), "Optics");
  await page.getByRole("link", { name: "Impact of a change" }).click();
  await page.waitForURL("**mode=impact_analysis*");
  await page.locator("svg.graph .node").first().waitFor();
  await page.goto(`${store.origin}/ui/audit`);
  await page.locator("[name=kind]").fill("conflict");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.waitForURL("**verify=yes");
  assert.match(await page.locator("[role=status]").first().textContent(), /the chain verifies/);
  assert.equal(await page.locator(".event").count(), 1);
  await page.locator(".event a").first().click();
  await page.waitForURL("**/ui/row/c*");
  assert.match(await page.locator("main").textContent(), /M1 mass.*4\.2 kg.*4650 g/s);
});

test("a proposed link is named by its ends", async (t) => {
  const [store] = await start(t, () => {});
  const id = (name) => store.call("get_entity", { name }).entity.entity_id;
  const link = { relationship_type: "depends_on", source_id: id("Truss"), target_id: id("Power supply"), source_refs: ["doc:a.md"] };
  const answer = await fetch(`${store.origin}/v1/relationships`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(link),
  });
  assert.equal(answer.status, 201);
  const page = await open(t, store);
  assert.equal(await title(page), "Truss depends_on Power supply");
  await page.goto(store.origin + answer.headers.get("location").replace("/v1/relationships", "/ui/row"));
  assert.match(await page.locator("main h2").textContent(), /Truss depends_on Power supply/);
});

test("changes of another process appear", async (t) => {
  const [store] = await start(t, () => {});
  const page = await open(t, store);
  await wait(300);
  assert.match(await page.locator("main").textContent(), /Nothing waits/);
  store.propose("Focal length", { properties: { value: "1.2 m" } });
  const line = (name) => page.locator(".queue a.item", { hasText: name });
  await line("Focal length").waitFor({ timeout: 1_500 });
  assert.equal(await page.locator("[data-count=candidates]").textContent(), "1");
  await page.waitForFunction(() => document.querySelector("main h2").textContent === "Focal length");
  store.propose("Focal ratio", { properties: { value: "4" } });
  await line("Focal ratio").waitFor({ timeout: 1_500 });
  assert.equal(await title(page), "Focal length", "the row on the screen stays");
  await page.goto(`${store.origin}/ui/conflicts`);
  await page.locator("[name=note]").fill("a reason");
  const [one, two] = store.call("list_conflicts", {}).items[0].members;
  store.call("resolve_conflict", { conflict_id: store.call("list_conflicts", {}).items[0].conflict_id,
    resolution: "supersede_others", winner_id: two.member_id ?? one.member_id });
  await page.locator(".live").waitFor({ state: "visible", timeout: 1_500 });
  assert.equal(await page.locator("[name=note]").inputValue(), "a reason", "a text that is written stays");
});

test("the page works with JavaScript switched off", async (t) => {
  const [store, id] = await start(t, (store) => store.propose("Tube mass", { properties: { value: "6.65 kg" } }));
  const page = await open(t, store, { javaScriptEnabled: false });
  await page.getByRole("button", { name: "Promote" }).first().click();
  await page.waitForURL("**/ui/inbox*");
  assert.equal(store.status(id), "active");
});

test("stored markup is shown as text on every page", async (t) => {
  const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'`;
  const [store, id] = await start(t, (store) => {
    store.call("create_memory", { memory_type: "knowledge", content: evil, project: "p07-lynx" });
    return store.propose(evil, { description: evil, properties: { [evil]: evil }, source_refs: [`doc:${evil}`], note: evil, actor: evil });
  });
  const page = await open(t, store);
  const places = ["inbox", `inbox?row=${id}`, "conflicts", "project", "matrix", `search?query=${encodeURIComponent(evil)}`, `row/${id}`,
    `inbox?project=${encodeURIComponent(evil)}`, `row/${encodeURIComponent(evil)}`];
  let shown = 0;
  for (const place of places) {
    const answer = await page.goto(`${store.origin}/ui/${place}`);
    const html = await answer.text();
    assert.ok(!html.includes("<script>alert") && !html.includes("<img"), place);
    shown += html.includes("&lt;script&gt;alert(1)") ? 1 : 0;
  }
  assert.ok(shown >= 5, `${shown} pages show it`);
});

test("axe finds nothing, at both widths and in both themes", async (t) => {
  const [store] = await start(t, (store) => {
    store.propose("M1 mass", { properties: { value: "5 kg" } });
    store.propose("A name that goes on and on and would break a layout that takes no care of it, with مرحبا", {});
  });
  const page = await open(t, store, { bypassCSP: true });
  const row = store.call("list_rows", { type: "requirement" }).items[0].entity_id;
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 400]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      for (const view of [...VIEWS, `row/${row}`, `graph?row=${row}&depth=2`]) {
        await page.goto(`${store.origin}/ui/${view}`);
        const name = view.replace(row, "").split(/[?/]/).join("-").replace(/[^a-z-]/g, "");
        await page.screenshot({ path: `${SHOTS}${name}-${colorScheme}-${width}.png` });
        await page.evaluate(AXE);
        const found = await page.evaluate(async () => (await axe.run()).violations.map((one) => `${one.id}: ${one.nodes[0].target}`));
        assert.deepEqual(found, [], `${view} ${colorScheme} ${width}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wide, false, `${view} scrolls sideways at ${width}`);
      }
    }
  }
});
