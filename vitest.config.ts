import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import LongestFirst from "./test/longest-first.ts";

/** Tests beside their sources that start servers or processes. */
const withProcesses = [
  "src/checkpoint-store/{objects,s3,shared-directory}/**/*.test.ts",
  "src/cli/**/*.test.ts",
  "src/database/**/*.test.ts",
  "src/population-store/{postgres,sqlite}/**/*.test.ts",
  "src/processes/**/*.test.ts",
  "src/trainer/command/**/*.test.ts",
];
const faults = ["test/{crash,faults,simulation}/**/*.test.ts"];

export default defineConfig({
  resolve: {
    conditions: ["clade-source"],
    alias: [{ find: /^clade$/, replacement: join(import.meta.dirname, "src/index.ts") }],
  },
  ssr: { resolve: { conditions: ["clade-source"], externalConditions: ["clade-source"] } },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts"], exclude: withProcesses },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: [...withProcesses, "test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: faults,
        },
      },
      { extends: true, test: { name: "faults", include: faults } },
    ],
    globalSetup: "./test/temporary-directory.ts",
    reporters: ["default", "./test/skipped-reporter.ts"],
    // Tests start processes and wait for them; none of them measures time. The limits are for a
    // machine that is ten times slower.
    testTimeout: 600_000,
    // The processes that tests start do not each compile the same sources again.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") },
    // A file waits much of its time, so that two cores carry more than one file at a time, the
    // default for them.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // The files that one process runs load the sources once: half of all work was loading them.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Experiments that tests write import this very Clade, too.
    server: { deps: { inline: [/clade-cli-/] } },
    expect: { poll: { timeout: 120_000, interval: 100 } },
    hookTimeout: 300_000,
  },
});
