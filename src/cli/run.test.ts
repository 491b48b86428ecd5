import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sqlitePopulationStore } from "../population-store/sqlite/sqlite-population-store.ts";
import { contextIn, runIn } from "./run.test-support.ts";
import { run } from "./run.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "clade-run-"));
});
afterEach(() => rmSync(place, { recursive: true }));

test("paths, variables and streams are those of the surroundings", async () => {
  const written = vi.spyOn(process.stdout, "write");
  await using _ = sqlitePopulationStore(join(place, "runs.db"));
  const env = { CLADE_STORE: "runs.db", npm_config_user_agent: "npm" };
  expect(await runIn(place, ["list"], env)).toEqual({
    code: 0,
    stdout: "no runs yet; start one with: npx clade run <experiment>\n",
    stderr: "",
  });
  expect(await runIn(place, ["init", "new.ts"])).toMatchObject({ code: 0 });
  expect(readFileSync(join(place, "new.ts"), "utf8")).toContain("defineExperiment");
  expect(written).not.toHaveBeenCalled();
  expect(process.exitCode).toBeUndefined();
});

test("what is written is legible, and shows no password", async () => {
  const { code, stderr } = await runIn(place, ["show", "--nope\u001b[2J", "--store", "x"]);
  expect(code).toBe(2);
  expect(stderr).toContain("--nope\\u001b[2J");
  const words = ["list", "//user:secret@host"];
  expect((await runIn(place, words)).stderr).not.toContain("secret");
});

test("a signal that aborts stops a run in good order", async () => {
  const trainer = fileURLToPath(new URL("../../templates/yaml/trainer.mjs", import.meta.url));
  writeFileSync(
    join(place, "sine.yaml"),
    `name: sine
population: 2
hyperparameters:
  learningRate: { logUniform: [1e-3, 1e-1] }
  momentum: { uniform: [0, 0.9] }
objective: { minimize: loss }
ready: { everySteps: 50 }
budget: { stepsPerMember: 1e9 }
trainer: node ${trainer}
`,
  );
  const { stdout, stderr, cwd } = contextIn(place);
  const stopping = new AbortController();
  const env = { PATH: process.env.PATH };
  const words = ["run", "sine.yaml", "--workers", "1"];
  const running = run(words, { cwd, env, stdout, stderr, signal: stopping.signal });
  await expect.poll(() => stdout.text).toContain("2 members on 1 worker");
  stopping.abort();
  expect(await running, stderr.text).toBe(130);
  expect(stdout.text).toMatch(/Continue with: clade resume sine-\w{4}/);
  expect((await runIn(place, ["status"])).stdout).toContain("stopped");
});
