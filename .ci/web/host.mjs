// A test host of MCP Apps: a page with the app in a sandboxed frame of another origin, under the policy that
// the specification prescribes. It passes the calls of the app on to a real server over /mcp.
import { createServer } from "node:http";

const CSP = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; media-src 'self' data:; font-src 'self'; object-src 'none'; connect-src 'none'; " +
  "frame-src 'none'; base-uri 'self'";

const PAGE = `<!DOCTYPE html><html lang="en"><title>Host</title><body style="margin:0">
<script>
const seen = [];
const frame = document.createElement("iframe");
const post = (message) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
addEventListener("message", async ({ source, data }) => {
  if (source !== frame.contentWindow) return;
  seen.push(data);
  const reply = (result) => post({ id: data.id, result });
  switch (data.method) {
    case "ui/initialize":
      return reply({ protocolVersion: data.params.protocolVersion, hostInfo: { name: "test", version: "1" },
        hostCapabilities: settings.capabilities, hostContext: settings.context });
    case "ui/notifications/initialized":
      post({ method: "ui/notifications/tool-input", params: { arguments: settings.input } });
      return post({ method: "ui/notifications/tool-result", params: settings.result });
    case "ui/notifications/size-changed":
      frame.style.height = data.params.height + "px";
      return;
    case "tools/call": {
      const answer = await relay(data.params);
      return answer.error ? post({ id: data.id, error: answer.error }) : reply(answer.result);
    }
    default:
      if (data.id !== undefined && data.method) reply({});
  }
});
let settings;
function start(given) {
  settings = given;
  frame.title = "App";
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
  frame.style = "border:0;display:block;width:100%;color-scheme:" + (given.context.theme ?? "normal");
  frame.src = given.view;
  document.body.append(frame);
}
</script></body></html>`;

function listen(serve) {
  const server = createServer(serve);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const originOf = (server) => `http://127.0.0.1:${server.address().port}`;

export class Host {
  // `role` is that of the token by which the host calls the server.
  constructor(store, role) {
    this.store = store;
    this.token = store.run("token", "create", `host-${role}`, "--role", role).match(/atocore_\S+/)[0];
  }

  async start() {
    this.servers = [
      await listen((_, answer) => answer.writeHead(200, { "Content-Type": "text/html" }).end(PAGE)),
      await listen((_, answer) => answer.writeHead(200, { "Content-Type": "text/html", "Content-Security-Policy": CSP }).end(this.html)),
    ];
    this.origins = this.servers.map(originOf);
  }

  end() {
    this.servers.forEach((server) => { server.closeAllConnections(); server.close(); });
  }

  // A request of protocol 2026-07-28, by a client that shows apps.
  async ask(method, params) {
    const client = { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } } };
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": client,
      "io.modelcontextprotocol/clientInfo": { name: "test host", version: "1" },
    };
    const name = params.name ?? params.uri;
    const answer = await fetch(`${this.store.origin}/mcp`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json", Accept: "application/json, text/event-stream",
        Authorization: `Bearer ${this.token}`, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method,
        ...(name && { "Mcp-Name": name }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
    });
    const text = await answer.text();
    const data = text.startsWith("{") ? text : text.split("\n").filter((line) => line.startsWith("data: {")).at(-1).slice(6);
    return JSON.parse(data);
  }

  // Shows the app of a tool with its answer, as a host does; returns the frame of the app.
  async show(page, tool, { input = {}, context = {}, capabilities = { serverTools: {}, openLinks: {}, updateModelContext: { text: {} } } } = {}) {
    const { tools } = (await this.ask("tools/list", {})).result;
    const uri = tools.find((one) => one.name === tool)._meta.ui.resourceUri;
    const { contents } = (await this.ask("resources/read", { uri })).result;
    this.html = contents[0].text;
    const { result } = await this.ask("tools/call", { name: tool, arguments: input });
    await page.goto(this.origins[0]);
    const view = `${this.origins[1]}/view`;
    await page.evaluate((given) => start(given), { view, input, result, context, capabilities });
    const frame = page.frameLocator("iframe");
    await frame.locator("#content button, #content .card, #content .soft:not(:text('Waiting'))").first().waitFor();
    return frame;
  }
}
