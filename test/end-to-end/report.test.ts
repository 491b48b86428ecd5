import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  run,
  sqlitePopulationStore,
} from "../../src/index.ts";
import { Workplace } from "./command-line.ts";

class Counter {
  count = 0;
  step({ rate }: { rate: number }) {
    this.count += rate;
  }
  evaluate() {
    return { count: this.count };
  }
  save() {
    return { count: this.count };
  }
  restore({ count }: { count: number }) {
    this.count = count;
  }
}

const experiment = defineExperiment({
  name: "count",
  population: 6,
  hyperparameters: { rate: logUniform(0.01, 1) },
  objective: maximize("count"),
  ready: everySteps(10),
  budget: { stepsPerMember: 50 },
  trainer: Counter,
});

async function finishedRun(workplace: Workplace): Promise<void> {
  await using populationStore = sqlitePopulationStore(workplace.path("clade.db"));
  await run(experiment, { seed: 1, populationStore });
}

test("a report is one file, replaced when made again, with figures as SVG and PNG", async () => {
  using workplace = new Workplace({ CLADE_STORE: "clade.db" });
  await finishedRun(workplace);
  const first = await workplace.ask("report", "--figures", "figures");
  expect(first).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^run .*, the newest .*\n$/),
  });
  expect(first.stdout).toContain("written: report.html");
  expect(workplace.read("report.html")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  const names = ["lineage", "schedules", "tree"];
  const files = names.flatMap((name) =>
    ["-dark.png", "-dark.svg", ".png", ".svg"].map((end) => name + end),
  );
  expect(readdirSync(workplace.path("figures")).sort()).toEqual(files.sort());
  const png = readFileSync(workplace.path("figures", "tree.png"));
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  // Twice the 880 pixels of a figure.
  expect(png.readUInt32BE(16)).toBe(1760);

  workplace.write("report.html", "older");
  expect(await workplace.ask("report", "count", "--out", "report.html")).toMatchObject({
    code: 0,
  });
  expect(workplace.read("report.html")).toContain("<h1>Run count-");
});

test("what cannot be written or found is one clear error", async () => {
  using workplace = new Workplace({ CLADE_STORE: "clade.db" });
  await finishedRun(workplace);
  workplace.write("file", "");
  const said = async (...words: string[]) => {
    const { code, stderr } = await workplace.ask("report", ...words);
    expect(code).toBe(2);
    return stderr.trim().replace(/^run .*, the newest .*\n/, "");
  };
  expect(await said("nothing")).toMatch(/^run: nothing - is not a run of this store; .*\.$|\?$/);
  expect(await said("--out", "file/report.html")).toMatch(
    /^--out: "file\/report.html" - cannot be written \(E\w+\); .+\.$/,
  );
  expect(await said("--out", ".")).toMatch(/^--out: "\." - is a directory; .+\.$/);
  expect(await said("--figures", "file")).toMatch(/^--figures: "file" - is a file; .+\.$/);
  expect(existsSync(workplace.path("file", "tree.svg"))).toBe(false);
});
