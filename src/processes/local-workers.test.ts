import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryPopulationStore } from "clade";
import { expect, test, vi } from "vitest";
import type { RunId } from "../population-store/population-store.ts";

// Loaded again, since other tests of this process have loaded the real one.
vi.resetModules();
vi.doMock("./watchdog/kill-group.ts", () => ({ killGroup() {} }));
const { startLocalWorkers } = await import("./local-workers.ts");
vi.doUnmock("./watchdog/kill-group.ts");

test("workers are killed also where a system has no process groups", async () => {
  const directory = mkdtempSync(join(tmpdir(), "clade-workers-"));
  const file = join(directory, "hangs.mjs");
  writeFileSync(file, "process.on('disconnect', () => {}); setTimeout(() => {}, 60_000);");
  const workers = startLocalWorkers({
    count: 2,
    environment: () => ({}),
    run: "a-run" as RunId,
    populationStore: memoryPopulationStore(),
    command: { file, arguments: () => [], cwd: directory, env: process.env },
    warn: console.error,
    stepTimeoutSeconds: 600,
    removeLeftOvers: async () => {},
    interruptedCode: 130,
    setAsideCode: 6,
  });
  workers.stop();
  workers.kill();
  expect(await workers.finished).toMatchObject({ setAside: 0 });
  rmSync(directory, { recursive: true });
});
