import { expect, test } from "vitest";
import { climb, Workplace } from "./command-line.ts";

test("a worker on which all fails says so, costs no member, and leaves as failed", async () => {
  using good = new Workplace();
  using bad = new Workplace({ BAD_NODE: "1" });
  const gate = good.path("open");
  const trainer = `
  async step({ rate }) {
    if (process.env.BAD_NODE) throw new Error("the device does not answer");
    while (!existsSync(${JSON.stringify(gate)}))
      await new Promise((resolve) => setTimeout(resolve, 20));
    this.height += rate;
  }`;
  good.write("climb.mjs", `import { existsSync } from "node:fs";${climb({ trainer })}`);
  const running = good.start("run", "climb.mjs", "--workers", "1");
  let told = "";
  running.process.stdout!.on("data", (data) => (told += data));
  const status = async () => {
    const { code, stdout } = await good.ask("status", "--json");
    return code === 0 ? JSON.parse(stdout) : { present: [] };
  };
  await expect.poll(async () => (await status()).present.length).toBe(1);
  const joined = bad.start(
    "worker",
    "--store",
    good.path(".clade", "clade.db"),
    "--patience",
    "1h",
  );
  const aside = async () =>
    (await status()).present.filter(
      ({ state }: { state: { kind: string } }) => state.kind === "set-aside",
    );
  await expect.poll(async () => (await aside()).length).toBe(1);
  expect((await good.ask("status")).stdout).toContain("has been set aside since");
  await expect.poll(() => told).toContain("has been set aside since");
  good.write("open", "");
  const run = await running.finished;
  expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining("; 0 members given up") });
  const left = await joined.finished;
  expect(left).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /set aside: another member fails here, too: .*the device does not answer/,
    ),
  });
  expect(left.stderr).toContain("everything failed on this machine's worker; fix the cause");
  const shown = (await good.ask("show")).stdout;
  expect(shown).toMatch(/failed in generation 1, in train, on \S+: .*the device does not answer/);
});
