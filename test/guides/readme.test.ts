import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import quickstart from "../../examples/quickstart/digits.ts";
import { describeExperiment, type Experiment } from "../../src/experiment/experiment.ts";

const root = new URL("../../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");

test("the README's experiment is that of the quickstart", async () => {
  const [, shown] = /```ts\n(.*?)```/s.exec(readme)!;
  const place = mkdtempSync(join(tmpdir(), "clade-readme-test-"));
  const file = join(place, "digits.ts");
  const trainer = 'import { DigitsTrainer } from "./digits-trainer.ts";';
  expect(shown).toContain(trainer);
  const clade = JSON.stringify(new URL("src/index.ts", root).href);
  writeFileSync(file, shown!.replace(trainer, "class DigitsTrainer {}").replace('"clade"', clade));
  const { default: experiment } = (await import(pathToFileURL(file).href)) as {
    default: Experiment;
  };
  rmSync(place, { recursive: true });
  expect(describeExperiment(experiment)).toEqual(describeExperiment(quickstart));
});

test("the README fits in 100 lines", () => {
  expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(100);
});
