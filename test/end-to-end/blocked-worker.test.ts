import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { climb, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

/** The first step in a worker never returns. */
const blocking = (how: string, { declaration = "" } = {}) =>
  `import { execSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
function blocks() {
  if (!process.argv.includes("worker")) return false;
  appendFileSync("workers", process.pid + "\\n");
  try { writeFileSync("blocked", "", { flag: "wx" }); return true; } catch { return false; }
}
${climb({
  declaration,
  trainer: `step({ rate }) { if (blocks()) { ${how} } this.height += rate; }`,
})}`;

test("a step that never returns costs a generation, and the member goes on", async () => {
  const declaration = "stepTimeoutSeconds: 3,";
  place.write(
    "climb.mjs",
    blocking('execSync("echo $$ >> workers; exec sleep 1000");', { declaration }),
  );
  const run = await place.ask("run", "climb.mjs", "--workers", "1", "--json");
  expect(Workplace.result(run)).toMatchObject({ totalSteps: 200, failures: 1, failedMembers: 0 });
  expect(run.stdout).toMatch(/blocked its worker for [34] s, longer than stepTimeoutSeconds: 3/);
  expect(place.alive("workers")).toEqual([]);
});

test("where every step blocks, workers try themselves, and at last the run fails", async () => {
  const wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
  const trainer = `step() { if (process.argv.includes("worker")) ${wait} }`;
  place.write("climb.mjs", climb({ declaration: "stepTimeoutSeconds: 2,", trainer }));
  const run = await place.ask("run", "climb.mjs", "--workers", "1", "--patience", "10s", "--json");
  expect(run.code).toBe(1);
  // One for the member that hung, and one for each member that was given up.
  expect(Workplace.events(run.stdout).at(-1)).toMatchObject({
    state: { kind: "failed" },
    failedMembers: 4,
    failures: 5,
  });
});

test("a run that is stopped does not wait for a step that never returns", async () => {
  place.write("climb.mjs", blocking("for (;;);"));
  const run = place.start("run", "climb.mjs", "--workers", "1");
  await expect.poll(() => existsSync(place.path("blocked"))).toBe(true);
  run.process.kill("SIGTERM");
  expect((await run.finished).code).toBe(130);
  expect(place.alive("workers")).toEqual([]);
});

test.skipIf(process.platform !== "linux")(
  "a blocked worker ends when the process that started it is killed (needs /proc)",
  async () => {
    place.write(
      "climb.mjs",
      blocking("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
    );
    const run = place.start("run", "climb.mjs", "--workers", "2");
    await expect.poll(() => existsSync(place.path("blocked"))).toBe(true);
    run.process.kill("SIGKILL");
    await expect.poll(() => place.alive("workers")).toEqual([]);
  },
);
