/**
 * A run of 1,000,000 snapshots in a SQLite file, while a worker goes on publishing in it: how long
 * the commands that read it take from the start of their process, how much memory they need, and
 * how large SQLite's log grows meanwhile.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeRun } from "./million-snapshots/make-run.ts";
import { table, writeResults } from "./results-file.ts";

const { values: given } = parseArgs({
  options: {
    snapshots: { type: "string", default: "1000000" },
    members: { type: "string", default: "100,1000" },
    command: { type: "string", multiple: true },
  },
});
const snapshots = Number(given.snapshots);
const clade = fileURLToPath(new URL("../bin/clade.js", import.meta.url));
const writer = fileURLToPath(new URL("million-snapshots/writer.ts", import.meta.url));
/** Writes the process's greatest resident memory in KiB to its fourth stream when it ends. */
const measuring = `--import=data:text/javascript,${encodeURIComponent(
  'import{writeSync}from"node:fs";' +
    'process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))',
)}`;
const bounds: Readonly<Record<string, string>> = { report: "15 s, 500 MB", list: "", best: "" };
const commands = ["status", "show", "show --member 7", "report", "list", "best"];

interface Measured {
  readonly seconds: number;
  readonly mebibytes: number;
}

async function measured(words: readonly string[], directory: string): Promise<Measured> {
  const begin = performance.now();
  const child = spawn(process.execPath, [measuring, clade, ...words], {
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let said = "";
  let kibibytes = "";
  child.stderr!.on("data", (data) => (said += data));
  child.stdio[3]!.on("data", (data) => (kibibytes += data));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`clade ${words.join(" ")} ended with ${code}: ${said}`);
  return { seconds: (performance.now() - begin) / 1000, mebibytes: Number(kibibytes) / 1024 };
}

const rows: string[][] = [];
for (const members of given.members.split(",").map(Number)) {
  const directory = mkdtempSync(join(tmpdir(), "clade-million-"));
  const store = join(directory, "clade.db");
  const run = await makeRun(store, members, snapshots);
  const writing = spawn(process.execPath, [writer, store, run], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    for (const command of given.command ?? commands) {
      const words = [...command.split(" "), "--store", store];
      const times: Measured[] = [];
      let log = 0;
      // The writer may not have opened the store yet.
      const size = () => statSync(`${store}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      const looking = setInterval(() => (log = Math.max(log, size())), 20);
      for (let index = 0; index < 3; index++) times.push(await measured(words, directory));
      clearInterval(looking);
      rows.push([
        members.toLocaleString("en-US"),
        command,
        `${times
          .map(({ seconds }) => seconds)
          .sort((a, b) => a - b)[1]!
          .toFixed(2)} s`,
        `${Math.max(...times.map(({ mebibytes }) => mebibytes)).toFixed(0)} MB`,
        `${(log / 2 ** 20).toFixed(1)} MB`,
        bounds[command] ?? "2 s, 150 MB",
      ]);
      console.error(rows.at(-1)!.join("  "));
    }
  } finally {
    writing.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
}
if (given.command) process.exit();
writeResults("million-snapshots", "A run of a million snapshots", [
  `Runs of ${snapshots.toLocaleString("en-US")} snapshots, with a decision after each ` +
    "generation and about 170 failures, in a SQLite file in which a worker publishes about " +
    "150 times a second meanwhile. Memory is the greatest resident set of three processes; " +
    "the log is the greatest size of SQLite's write-ahead log.",
  table(
    ["members", "command", "median of 3, from the start of the process", "memory", "log", "bound"],
    rows,
  ),
]);
