/** The trainers of the guide fit the line, and keep the contract. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { check, type Experiment, run } from "clade";
import { expect, test } from "vitest";
import { compile, filesOf, project } from "./written.ts";

test("the trainers of the guide fit the line, and keep the contract", async () => {
  const files = filesOf("trainers-in-javascript.md");
  const directory = project(files);
  compile(directory);
  expect(files.map(({ name }) => name)).toEqual(["plain.ts", "fit.ts"]);
  for (const { name } of files) {
    const { default: experiment } = (await import(pathToFileURL(join(directory, name)).href)) as {
      default: Experiment;
    };
    // The noise has a mean square of 0.005.
    expect((await run(experiment, { seed: 1 })).score).toBeLessThan(0.006);
    const findings = await check(experiment);
    expect(findings.filter(({ kind }) => kind === "bad" || kind === "warn")).toEqual([]);
  }
});
