/**
 * Two directories stand for two machines: they share a database and a directory for checkpoints,
 * and nothing else.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { sharedPostgres } from "../servers/postgres-server.ts";
import { clientFor, startS3 } from "../servers/s3-server.ts";
import { climb, type Finished, Workplace } from "./command-line.ts";

const server = await sharedPostgres();
const s3 = await startS3();
const root = mkdtempSync(join(tmpdir(), "clade-machines-"));
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";
let directories = 0;
const newDirectory = () => join(root, `${directories++}`);

/** A key that must not appear in any text. */
const secretKey = "S3RVER";
const { accessKeyId } = clientFor(s3.port).credentials as { accessKeyId: string };

/** Variables of a machine with a cache of its own. */
function machine(url: string) {
  return {
    CLADE_STORE: url,
    CLADE_CACHE: newDirectory(),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${s3.port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretKey,
  };
}

/** Its workers, but not the trial before the run, wait in their first step until a file exists. */
const gated = (gate: string, more = "") =>
  climb({
    declaration: "population: 6,",
    trainer: `
  async step({ rate }) {
    const { existsSync } = await import("node:fs");
    const isOpen = () => existsSync(${JSON.stringify(gate)}) || !process.argv.includes("worker");
    while (!isOpen()) await new Promise((resolve) => setTimeout(resolve, 20));
    this.height += rate;
  }
  ${more}`,
  });

const isThere = async (place: Workplace) => (await place.ask("status")).code === 0;
const newestRun = async (place: Workplace) =>
  JSON.parse((await place.ask("status", "--json")).stdout);

for (const [what, place, isInShortRuns] of [
  ["a shared directory", () => newDirectory(), false],
  ["S3", () => `s3://${s3.bucket}/${directories++}`, true],
] as const) {
  test.skipIf(!server || !(isLong || isInShortRuns))(
    `two machines train one population, with checkpoints in ${what}${needs}` +
      (isInShortRuns ? "" : inLongRuns),
    async () => {
      const url = await server!.newDatabase();
      using one = new Workplace(machine(url));
      using other = new Workplace(machine(url));
      for (const each of [one, other]) each.write("climb.mjs", gated(one.path("open")));
      const checkpoints = place();
      const running = one.start(
        "run",
        "climb.mjs",
        "--workers",
        "1",
        "--checkpoints",
        checkpoints,
      );
      await expect.poll(() => isThere(one)).toBe(true);
      const joined = other.start("worker", "--experiment", "climb.mjs");
      await expect.poll(async () => (await newestRun(one)).workers.length).toBe(2);
      one.write("open", "");
      expect(await joined.finished).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^run .*, the newest .*\n$/),
      });
      expect(await running.finished).toMatchObject({ code: 0, stderr: "" });
      const { state, run } = await newestRun(other);
      expect(state.kind).toBe("done");
      const { stdout } = await other.ask("export");
      const workers = new Set(
        Array.from(stdout.matchAll(/"worker":"([^"]+)"/g), ([, worker]) => worker),
      );
      expect(workers.size).toBe(2);
      const best = await other.clade("best", "--out", "model");
      expect(best.code).toBe(0);
      expect(readdirSync(other.path("model", "checkpoint")).length).toBeGreaterThan(0);
      expect(await other.clade("gc")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`run ${run}:`),
      });
      expect((await one.clade("remove", run, "--yes")).code).toBe(0);
      if (what !== "S3")
        expect(existsSync(checkpoints) ? readdirSync(checkpoints) : []).toEqual([]);
    },
  );
}

test.skipIf(!server)(
  `a worker whose code differs says what differs, and joins only where that is allowed${needs}`,
  async () => {
    const url = await server!.newDatabase();
    using one = new Workplace(machine(url));
    using other = new Workplace(machine(url));
    const gate = one.path("open");
    one.write("climb.mjs", `import "./shared.ts";\n${gated(gate)}`);
    one.write("shared.ts", "export const shared = 1;\n");
    other.write(
      "climb.mjs",
      `import "./shared.ts";\nimport "./more.ts";\n${gated(gate, "// changed")}`,
    );
    other.write("shared.ts", "export const shared = 2;\n");
    other.write("more.ts", "export const more = 1;\n");
    const running = one.start(
      "run",
      "climb.mjs",
      "--workers",
      "1",
      "--checkpoints",
      newDirectory(),
    );
    await expect.poll(() => isThere(one)).toBe(true);
    const refused = await other.ask("worker", "--experiment", "climb.mjs");
    expect(refused.code).toBe(2);
    for (const words of [
      "climb.mjs differs",
      "shared.ts differs",
      "more.ts is only here",
      "--allow-different-code",
    ])
      expect(refused.stderr).toContain(words);
    const allowed = other.start("worker", "--experiment", "climb.mjs", "--allow-different-code");
    await expect.poll(async () => (await newestRun(one)).workers.length).toBe(2);
    one.write("open", "");
    expect((await allowed.finished).code).toBe(0);
    expect((await running.finished).code).toBe(0);
    const shown = await one.ask("show");
    expect(shown.stdout).toContain(
      "joined with code that differs from the run's: " +
        "climb.mjs differs, shared.ts differs, more.ts is only here",
    );
  },
);

test.skipIf(!server)(
  `check tries the store and the checkpoints, and whether two machines see the same${needs}`,
  async () => {
    const url = await server!.newDatabase();
    using one = new Workplace(machine(url));
    const shared = newDirectory();
    const first = await one.ask("check", "--store", url, "--checkpoints", shared);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("store: can be read and written");
    expect(first.stdout).toContain(
      `checkpoints: file://${shared} can be written, read, listed and deleted from`,
    );
    const sign = /--sees (\S+)/.exec(first.stdout)![1]!;
    const second = await one.ask("check", "--checkpoints", shared, "--sees", sign);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining("sees what") });
    const third = await one.ask("check", "--checkpoints", newDirectory(), "--sees", sign);
    expect(third).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("does not see the sign"),
    });
    const bucket = await one.clade("check", "--checkpoints", `s3://${s3.bucket}/x`);
    expect(bucket.code).toBe(0);
    expectNoSecrets([first, second, third, bucket]);
  },
);

test.each([
  [["--checkpoints", "ftp://host/x"], "checkpoints ftp:...: not a supported kind of place"],
  [["--checkpoints", "file://host/x"], "is not a directory; give s3://bucket/prefix"],
  [["--checkpoints", "s3://nowhere-at-all/x"], "nowhere-at-all"],
  [["--store", "mysql://host/x"], "there is no store for mysql: URLs"],
  [[], "there is nothing to check"],
  [["--store", "clade.db", "--sees", "x"], "--sees"],
] as const)("check %j is refused with one sentence", async (words, sentence) => {
  using place = new Workplace(machine("clade.db"));
  const refused = await place.ask("check", ...words);
  expect(refused.code).toBe(2);
  expect(refused.stdout + refused.stderr).toContain(sentence);
  expect((refused.stdout + refused.stderr).trim().split("\n").length).toBe(1);
});

test("a run is not created where its checkpoints cannot be", async () => {
  using place = new Workplace(machine("clade.db"));
  place.write("climb.mjs", climb({}));
  const refused = await place.ask("run", "climb.mjs", "--checkpoints", "s3://nowhere-at-all/x");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("checkpoints s3://nowhere-at-all/x");
  expect((await place.ask("list")).stdout).toContain("no runs");
});

function expectNoSecrets(finished: readonly Finished[]): void {
  for (const { stdout, stderr } of finished)
    for (const secret of [server!.password, encodeURIComponent(server!.password)])
      expect(stdout + stderr).not.toContain(secret);
}
