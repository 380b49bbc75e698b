// Drives the MCP App in a real Chromium, inside of a test host: queue, conflicts, rights, themes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AXE, SHOTS, launch, watch } from "./browser.mjs";
import { Host } from "./host.mjs";
import { Store } from "./store.mjs";

const browser = await launch();
test.after(() => browser.close());

async function start(t, prepare, role = "review", options = {}) {
  const store = new Store();
  const prepared = prepare(store);
  await store.serve();
  const host = new Host(store, role);
  await host.start();
  const context = await browser.newContext({ viewport: { width: 500, height: 900 }, ...options });
  store.contexts.push(context);
  const page = await context.newPage();
  const faults = watch(page, host.origins);
  await page.exposeFunction("relay", (params) => host.ask("tools/call", params));
  t.after(async () => {
    await store.end();
    host.end();
    assert.deepEqual(faults, []);
  });
  return { store, host, page, prepared };
}

const sent = (page, method) => page.evaluate((method) => seen.filter((one) => one.method === method).map((one) => one.params), method);
const press = (frame, name) => frame.getByRole("button", { name, exact: true }).click();
const says = async (frame, pattern) => {
  await frame.locator("#status").filter({ hasText: pattern }).waitFor();
  await frame.locator("main[aria-busy=false]").waitFor();
};
const contradict = (store, name) => [1, 2].map((value) => store.call("create_entity", {
  entity_type: "parameter", name, project: "p07-lynx", properties: { value, unit: "mm" }, hand_authored: true, status: "active",
}).entity.entity_id);

test("a row is shown with its reasons, promoted, and the conflict that it opens is settled", async (t) => {
  const { store, host, page, prepared: id } = await start(t, (store) => {
    const mirror = store.call("get_entity", { name: "Primary mirror" }).entity.entity_id;
    const relationships = [{ relationship_type: "depends_on", target_id: mirror }];
    return store.propose("M1 mass", { properties: { value: "4.65 kg" }, description: "As weighed.", relationships });
  });
  const frame = await host.show(page, "list_candidates", { input: { project: "p07-lynx" } });
  const text = await frame.locator("#content").textContent();
  for (const part of [/M1 mass/, /As weighed/, /Promoting opens a conflict.*4\.2 kg.*4\.65 kg/, /weighed on receipt/, /doc:lynx\/vendor-report\.md/,
    /Links that count with it.*depends_on.*Primary mirror/, /Similar rows.*M1 mass.*contested/]) assert.match(text, part);
  await press(frame, "Promote");
  await says(frame, "Promoted: M1 mass");
  assert.equal(store.status(id), "active");
  assert.match(await frame.locator("#opened").textContent(), /This opened a conflict.*4\.2 kg.*4650 g.*4\.65 kg/);
  assert.match(await frame.locator("#content").textContent(), /Nothing waits/);
  assert.equal(await frame.locator(":focus").textContent(), "M1 mass");
  await frame.getByLabel("Reason").fill("weighed at the vendor");
  await frame.locator("#opened section", { hasText: id }).getByRole("button", { name: "This is right" }).click();
  await says(frame, "4.65 kg holds");
  assert.equal(await frame.locator("#opened article").count(), 0);
  assert.equal(store.call("list_conflicts", {}).total, 0);
  const [told] = (await sent(page, "ui/update-model-context")).slice(-1);
  assert.match(told.content[0].text, new RegExp(`promote entity ${id}\\nresolve conflict c\\w+: supersede_others ${id}`));
  const audit = store.call("get_entity_audit", { entity_id: id }).entries;
  assert.equal(audit.find((entry) => entry.action === "promoted").client, "host-review via test host 1");
});

test("rows are rejected with a reason and promoted by keyboard alone, and a decision is undone", async (t) => {
  const { store, host, page, prepared: ids } = await start(t, (store) => {
    const memory = store.call("create_memory", { memory_type: "knowledge", content: "The blank is heavy.", project: "p07-lynx" }).memory.memory_id;
    return [memory, store.propose("Tube mass", { properties: { value: "6.65 kg" } })];
  });
  const frame = await host.show(page, "list_candidates");
  const tab = async (name) => {
    for (let at = 0; at < 12; at++) {
      await page.keyboard.press("Tab");
      const focused = frame.locator(":focus");
      if (await focused.count() && (await focused.textContent()) === name) return;
    }
    assert.fail(`${name} is not reached by Tab`);
  };
  assert.match(await frame.locator("#content h2").textContent(), /The blank is heavy/);
  await tab("Reject …");
  await page.keyboard.press("Enter");
  await page.keyboard.type("a feeling");
  await page.keyboard.press("Enter");
  await says(frame, "Rejected: The blank is heavy.");
  assert.equal(store.status(ids[0]), "invalid");
  assert.equal(await frame.locator("#content h2").textContent(), "Tube mass");
  await tab("Promote");
  await page.keyboard.press("Space");
  await says(frame, "Promoted: Tube mass");
  assert.equal(store.status(ids[1]), "active");
  await press(frame, "Undo");
  await says(frame, "Undone.");
  assert.equal(store.status(ids[1]), "candidate");
  assert.ok(store.run("audit", "show", ids[0]).includes("a feeling"));
});

test("a row that changed meanwhile, a link and a change of an approved row", async (t) => {
  const { store, host, page, prepared: id } = await start(t, (store) => store.propose("Tube mass", { properties: { value: "6.65 kg" } }));
  const frame = await host.show(page, "list_candidates");
  store.call("update_entity", { entity_id: id, description: "As weighed." });
  await press(frame, "Promote");
  await frame.locator("#error", { hasText: "version 2" }).waitFor();
  assert.equal(store.status(id), "candidate");
  await press(frame, "Refresh");
  await frame.getByText("As weighed.").waitFor();
  await press(frame, "Promote");
  await says(frame, "Promoted: Tube mass");
  const agent = new Host(store, "propose");
  const made = await agent.ask("tools/call", { name: "update_entity", arguments: { entity_id: id, description: "As drawn." } });
  assert.ok(made.result.structuredContent.revision, JSON.stringify(made));
  const [one, two] = ["Truss", "Power supply"].map((name) => store.call("get_entity", { name }).entity.entity_id);
  const link = { relationship_type: "depends_on", source_id: one, target_id: two, source_refs: ["doc:a.md"] };
  await agent.ask("tools/call", { name: "create_relationship", arguments: link });
  await press(frame, "Refresh");
  await frame.getByRole("heading", { name: /Change of .*Tube mass/ }).waitFor();
  assert.match(await frame.locator("#content").textContent(), /As weighed\..*As drawn\./);
  await press(frame, "Promote");
  await frame.getByRole("heading", { name: "Truss depends_on Power supply" }).waitFor();
  assert.equal(store.call("get_row", { id }).entity.description, "As drawn.");
  await press(frame, "Promote");
  await frame.getByText("Nothing waits").waitFor();
});

test("conflicts are settled in each way", async (t) => {
  const { store, host, page, prepared } = await start(t, (store) => ["Gap A", "Gap B"].map((name) => contradict(store, name)));
  const frame = await host.show(page, "list_conflicts");
  const at = async (name) => {
    for (let turns = 0; turns < 4 && (await frame.locator("#content h2").textContent()) !== name; turns++) await press(frame, "Next");
    assert.equal(await frame.locator("#content h2").textContent(), name);
  };
  await at("Gap A");
  await frame.getByLabel("Reason").fill("two places");
  await press(frame, "No contradiction: dismiss");
  await says(frame, "no contradiction");
  await press(frame, "Refresh");
  await at("Gap B");
  await press(frame, "Both stand: keep all");
  await says(frame, "stays on record");
  await at("M1 mass");
  await frame.locator("section", { hasText: "4650 g" }).getByRole("button", { name: "This is right" }).click();
  await says(frame, "4650 g holds");
  await frame.getByText("No contradiction is open.").waitFor();
  prepared.flat().forEach((id) => assert.equal(store.status(id), "active"));
  assert.equal(store.call("list_conflicts", {}).total, 0);
});

test("an app of somebody who may not decide has no button for it, and says who may", async (t) => {
  const { store, host, page, prepared: id } = await start(t, (store) => store.propose("Tube mass", { properties: { value: "6.65 kg" } }), "propose");
  const frame = await host.show(page, "list_candidates");
  const buttons = await frame.getByRole("button").allTextContents();
  assert.deepEqual(buttons, ["Open the page", "Refresh"]);
  assert.match(await frame.locator("#content").textContent(), new RegExp(`The person decides at ${store.origin}/ui/row/${id}\\.`));
  await press(frame, "Open the page");
  await frame.locator("main[aria-busy=false]").waitFor();
  assert.deepEqual(await sent(page, "ui/open-link"), [{ url: `${store.origin}/ui/row/${id}` }]);
  const refused = await host.ask("tools/call", { name: "promote_entity", arguments: { entity_id: id } });
  assert.match(refused.error.message, /Unknown tool/);
  assert.equal(store.status(id), "candidate");
  const plain = await host.show(page, "list_candidates", { capabilities: {} });
  assert.equal(await plain.getByRole("button").count(), 0, "a host that passes no calls on");
});

test("stored markup and hidden characters are shown as text", async (t) => {
  const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'</script>`;
  const { host, page } = await start(t, (store) => {
    store.call("create_memory", { memory_type: "knowledge", content: evil, project: evil, note: evil, actor: evil });
    store.propose(evil, { description: evil, properties: { [evil]: evil, value: "1\u202e2" }, source_refs: [`doc:${evil}`], note: evil, actor: evil, project: evil });
    for (const value of [1, 2]) {
      store.call("create_entity", { entity_type: "parameter", name: evil, project: evil, properties: { value: `${evil}${value}` },
        source_refs: [`doc:${evil}`], status: "active" });
    }
  });
  const queue = await host.show(page, "list_candidates");
  assert.ok((await queue.locator("#content h2").textContent()).includes(evil));
  await press(queue, "Later");
  await queue.getByRole("heading", { level: 2, name: evil }).waitFor();
  assert.ok((await queue.locator("#content").textContent()).includes("1\\u{202e}2"));
  assert.ok((await queue.locator("#content").textContent()).split(evil).length > 5);
  await press(queue, "Promote");
  await says(queue, evil);
  const conflicts = await host.show(page, "list_conflicts");
  await press(conflicts, "Next");
  assert.ok((await conflicts.locator("#content").textContent()).split(evil).length > 5);
  assert.equal(await conflicts.locator("img").count() + await conflicts.locator("#content script").count(), 0);
});

test("axe finds nothing in both themes, and the frame has the height of the app", async (t) => {
  const { host, page } = await start(t, (store) => {
    store.propose("M1 mass", { properties: { value: "5 kg", basis: "a guess" }, note: "the vendor called" });
    contradict(store, "A name that goes on and on and would break a layout that takes no care of it, with مرحبا");
  }, "review", { bypassCSP: true });
  for (const theme of ["light", "dark"]) {
    for (const width of [500, 320]) {
      await page.setViewportSize({ width, height: 900 });
      for (const tool of ["list_candidates", "list_conflicts"]) {
        const variables = { "--font-sans": "serif" };
        const shown = await host.show(page, tool, { context: { theme, styles: { variables } } });
        if (tool === "list_candidates") await press(shown, "Reject …");
        const frame = page.frames().at(-1);
        const look = await frame.evaluate(() => [getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).fontFamily]);
        assert.deepEqual(look, [theme === "light" ? "rgb(255, 255, 255)" : "rgb(27, 30, 33)", "serif"]);
        await page.screenshot({ path: `${SHOTS}app-${tool}-${theme}-${width}.png`, fullPage: true });
        await frame.evaluate(AXE);
        const found = await frame.evaluate(async () => (await axe.run()).violations.map((one) => `${one.id}: ${one.nodes[0].target} ${one.nodes[0].failureSummary}`));
        assert.deepEqual(found, [], `${tool} ${theme} ${width}`);
        const size = await frame.evaluate(() => [document.documentElement.scrollWidth <= innerWidth, document.documentElement.scrollHeight <= innerHeight]);
        assert.deepEqual(size, [true, true], `${tool} fits at ${width}`);
      }
    }
  }
  const shown = await host.show(page, "list_conflicts", { context: { theme: "light" } });
  await page.evaluate(() => post({ method: "ui/notifications/host-context-changed", params: { theme: "dark" } }));
  await page.frames().at(-1).waitForFunction(() => getComputedStyle(document.documentElement).backgroundColor === "rgb(27, 30, 33)");
  await page.evaluate(() => post({ id: 77, method: "ui/resource-teardown", params: {} }));
  await page.waitForFunction(() => seen.some((one) => one.id === 77 && one.result));
  assert.ok(await shown.locator("article").count());
});
