// Starts the real program on an empty folder and a free port.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 60_000;

/** The running program: its address, and the way to end it. */
export async function startServer() {
  const program = process.env.MAINSPRING_BIN;
  if (!program) throw new Error("MAINSPRING_BIN names the program under test; `cargo xtask e2e` sets it");
  const data = mkdtempSync(join(tmpdir(), "mainspring-e2e-"));
  const child = spawn(program, ["--json", "serve", "--data", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(data, { recursive: true, force: true });
  };
  const url = await new Promise((resolve, reject) => {
    let text = "";
    const failed = (reason) => reject(new Error(`the program did not start: ${reason}\n${log}`));
    const timer = setTimeout(() => failed(`nothing after ${START_MS / 1000} s`), START_MS);
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /"listening":\s*"([^"]+)"/.exec(text);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1].replace(/\/$/, ""));
    });
    child.once("exit", (code) => failed(`it ended with ${code}`));
    child.once("error", (error) => failed(error.message));
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, data, stop, log: () => log };
}
