/**
 * T3's wall time: one run of PBT with 8 members in memory, in a fresh process, from a cold start
 * until the first member is done.
 *
 *     npx node benchmarks/reference/triangle-wave-speed.ts
 */
import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { run } from "clade";
import { table, writeResults } from "../results-file.ts";
import { median } from "./agreement.ts";
import { option } from "./option.ts";
import { searchers } from "./triangle-wave.ts";

const processes = 9;
const targetSeconds = { run: 0.15, process: 1 };

interface Timing {
  readonly seconds: number;
  /** What the process itself computed in that time: on a busy machine the fairer number. */
  readonly processorSeconds: number;
  readonly totalSteps: number;
}

async function timedRun(seed: number): Promise<Timing> {
  const begin = performance.now();
  const before = process.cpuUsage();
  const { totalSteps } = await run(searchers.PBT!, { seed });
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (performance.now() - begin) / 1000,
    processorSeconds: (user + system) / 1e6,
    totalSteps,
  };
}

/** The same in a new process, with the wall time of the whole process. */
function freshRun(seed: number): Timing & { readonly processSeconds: number } {
  const begin = performance.now();
  const program = [...process.execArgv, fileURLToPath(import.meta.url), "--once", String(seed)];
  const printed = execFileSync(process.execPath, program, { encoding: "utf8" });
  const processSeconds = (performance.now() - begin) / 1000;
  return { ...(JSON.parse(printed) as Timing), processSeconds };
}

function summary(what: string, seconds: readonly number[], target: number): string {
  const middle = median(seconds);
  const worst = Math.max(...seconds).toFixed(3);
  const verdict = middle < target ? "met" : "missed";
  return (
    `- ${what}: median ${middle.toFixed(3)} s, worst ${worst} s; target below ${target} s: ` +
    `${verdict}`
  );
}

const seed = option("once", Number.NaN);
if (Number.isNaN(seed)) {
  const timings = Array.from({ length: processes }, (_, index) => freshRun(index + 1));
  const rows = timings.map(({ seconds, processorSeconds, totalSteps, processSeconds }, index) => [
    String(index + 1),
    String(totalSteps),
    seconds.toFixed(3),
    processorSeconds.toFixed(3),
    Math.round(totalSteps / seconds).toLocaleString("en"),
    processSeconds.toFixed(3),
  ]);
  const header = [
    "seed",
    "steps in all",
    "run(), s",
    "its processor time, s",
    "steps/s",
    "process, s",
  ];
  writeResults("reference/triangle-wave-speed", "T3, triangle-wave learning rate: one run, cold", [
    "PBT with 8 members in memory, synchronous, in a fresh process. Load average " +
      `${loadavg()[0]!.toFixed(1)}.`,
    table(header, rows),
    [
      summary(
        "run()",
        timings.map(({ seconds }) => seconds),
        targetSeconds.run,
      ),
      summary(
        "whole process",
        timings.map(({ processSeconds }) => processSeconds),
        targetSeconds.process,
      ),
    ].join("\n"),
  ]);
} else {
  console.log(JSON.stringify(await timedRun(seed)));
}
