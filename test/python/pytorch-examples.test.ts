import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../end-to-end/command-line.ts";
import { inLongRuns, isLong } from "../long.ts";
import { clientPath, python, withoutGymnasium, withoutTorch } from "./python.ts";

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/pytorch/${name}`, import.meta.url));

let place: Workplace;
beforeEach(() => {
  const PATH = python.includes("/") ? `${dirname(python)}:${process.env.PATH}` : process.env.PATH!;
  place = new Workplace({ PYTHONPATH: clientPath, PATH });
});
afterEach(() => place[Symbol.dispose]());

describe.skipIf(withoutTorch)(`the PyTorch examples (${withoutTorch ?? python})`, () => {
  test.skipIf(!isLong)(
    `the network for digits keeps the contract, with hyperparameters read back${inLongRuns}`,
    async () => {
      const { code, stdout } = await place.clade("check", example("digits.yaml"));
      expect(stdout).toMatch(
        /restore\(\) in another trainer gives accuracy .* again; fresh weights had/,
      );
      expect(stdout).toContain(
        "read back from where it acts, before the first step and after the last",
      );
      expect(code).toBe(0);
    },
  );

  test.skipIf(!isLong)(
    `100 generations start Python once for each worker, and once to try${inLongRuns}`,
    async () => {
      const digits = `${python} ${example("digits.py")}`;
      const command = `echo start >> ${place.path("starts")}; exec ${digits}`;
      const yaml = readFileSync(example("digits.yaml"), "utf8");
      place.write(
        "digits.yaml",
        yaml.replace("trainer: python3 digits.py", `trainer: "${command}"`),
      );
      const budget = [
        "--population",
        "4",
        "--set",
        "ready.steps=2",
        "--set",
        "budget.stepsPerMember=50",
      ];
      const run = await place.clade("run", "digits.yaml", "--json", "--workers", "2", ...budget);
      expect(Workplace.result(run)).toMatchObject({
        state: { kind: "done" },
        totalSteps: 200,
        failures: 0,
      });
      expect(place.read("starts").trim().split("\n")).toHaveLength(3);
    },
  );

  test("a plain script becomes a trainer by at most ten changed lines", async () => {
    const { stdout } = spawnSync("diff", [example("before.py"), example("after.py")], {
      encoding: "utf8",
    });
    const [removed, added] = ["<", ">"].map((sign) =>
      stdout.split("\n").filter((line) => line.startsWith(sign)),
    );
    expect(Math.max(removed!.length, added!.length)).toBeLessThanOrEqual(10);
    const run = await place.clade(
      "run",
      example("after.yaml"),
      "--json",
      "--population",
      "2",
      "--set",
      "budget.stepsPerMember=100",
    );
    expect(Workplace.result(run)).toMatchObject({
      state: { kind: "done" },
      totalSteps: 200,
      failures: 0,
    });
  });

  test.skipIf(withoutGymnasium || !isLong)(
    `the policy for CartPole keeps the contract (${withoutGymnasium ?? "Gymnasium"})${inLongRuns}`,
    async () => {
      const { code, stdout } = await place.clade("check", example("cartpole.yaml"));
      expect(stdout).not.toContain("BAD");
      expect(code).toBe(0);
    },
  );
});
