import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["clade-source"] },
  ssr: { resolve: { conditions: ["clade-source"], externalConditions: ["clade-source"] } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    reporters: ["default", "./test/skipped-reporter.ts"],
    // Tests start processes and wait for them; none of them measures time.
    testTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 60_000,
  },
});
