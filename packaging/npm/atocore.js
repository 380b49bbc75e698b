#!/usr/bin/env node
// Starts the program of the package for this platform, with the same input, output, signals and exit code.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `@atocore/${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "atocore.exe" : "atocore";

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}

let program;
try {
  program = require.resolve(`${name}/${file}`);
} catch {
  fail(
    `the package ${name} is not installed. Either npm left out optional packages (npm install ` +
      `--include=optional atocore), or there is no program for this platform: build it with cargo install atocore`,
  );
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`${program}: ${error.message}`));
child.on("exit", (code, signal) => {
  // A shell reports a process that a signal ended in the same way.
  process.exit(signal === null ? code : 128 + constants.signals[signal]);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
