// A store with a real project and a queue of candidates, and a web server on it.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("../../", import.meta.url).pathname;
export const BINARY = join(ROOT, "target/debug/atocore");

export class Store {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "atocore-web-"));
    this.db = join(this.folder, "store.db");
    this.contexts = [];
    this.run("import", join(ROOT, "examples/lynx.jsonl"));
    const documents = join(this.folder, "documents/lynx");
    mkdirSync(documents, { recursive: true });
    const report = "# Vendor report\n\nThe blank was weighed on receipt: 4650 g, more than the budget of 4.2 kg.\n\n" +
      "## Sensors\n\nEach sensor was read once; its offset stands in the list of readings.\n";
    writeFileSync(join(documents, "vendor-report.md"), report);
    this.run("ingest", "--root", join(this.folder, "documents"), documents);
  }

  run(...args) {
    return execFileSync(BINARY, ["--db", this.db, ...args], { encoding: "utf8" });
  }

  call(operation, fields) {
    return JSON.parse(this.run("call", operation, JSON.stringify(fields), "--json"));
  }

  propose(name, more = {}) {
    const fields = { entity_type: "parameter", project: "p07-lynx", source_refs: ["doc:lynx/vendor-report.md"], actor: "agent" };
    return this.call("create_entity", { ...fields, name, ...more }).entity.entity_id;
  }

  status(id) {
    const row = this.call("get_row", { id });
    return (row.entity ?? row.memory ?? row.relationship).status ?? "active";
  }

  async serve(...args) {
    const server = spawn(BINARY, ["--db", this.db, "web", "--listen", "127.0.0.1:0", "--person", "ada", ...args]);
    this.server = server;
    let printed = "";
    server.stderr.on("data", (data) => process.stderr.write(data));
    await new Promise((resolve, reject) => {
      server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      server.stdout.on("data", (data) => {
        printed += data;
        if (printed.includes("/login?code=")) resolve();
      });
    });
    this.link = printed.match(/http\S+login\?code=\S+/)[0];
    this.origin = new URL(this.link).origin;
  }

  async end() {
    for (const context of this.contexts) await context.close();
    const ended = new Promise((resolve) => this.server.once("exit", (code) => resolve(code)));
    this.server.kill("SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 12_000))]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
