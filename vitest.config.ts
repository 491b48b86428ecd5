import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["clade-source"] },
  ssr: { resolve: { conditions: ["clade-source"], externalConditions: ["clade-source"] } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    reporters: ["default", "./test/skipped-reporter.ts"],
    // Tests start processes and wait for them; none of them measures time.
    testTimeout: 120_000,
    // The processes that tests start do not each compile the same sources again.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") },
    // A file waits most of its time, so that two cores carry more than one file at a time, the
    // default for them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    expect: { poll: { timeout: 30_000, interval: 200 } },
    hookTimeout: 60_000,
  },
});
