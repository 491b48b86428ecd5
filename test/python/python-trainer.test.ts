/**
 * Trainers on the Python client, run through the command line: the promises hold for real clients,
 * not only for raw processes.
 */
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../end-to-end/command-line.ts";
import { inLongRuns, isLong, some } from "../long.ts";
import { clientPath, python, withoutPython } from "./python.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace({ PYTHONPATH: clientPath });
  cpSync(
    fileURLToPath(new URL("../fixtures/climber.py", import.meta.url)),
    place.path("climber.py"),
  );
});
afterEach(() => place[Symbol.dispose]());

const experiment = (misbehaviour = "", command = `${python} climber.py`) => `
name: climb
population: 4
hyperparameters: { rate: { logUniform: [0.01, 1] } }
objective: { maximize: height }
ready: { everySteps: 5 }
exploit: { truncationSelection: { fraction: 0.25 } }
budget: { stepsPerMember: 50 }
trainer:
  command: "${command} '${misbehaviour}'"
  environment: { STARTS: ${place.path("starts")}, CHILDREN: ${place.path("children")} }
  stepTimeoutSeconds: ${misbehaviour.includes("hang") ? 10 : 60}
`;

describe.skipIf(withoutPython)(
  `trainers on the Python client (${withoutPython ?? python})`,
  () => {
    test.each(
      some(
        ["step: raise", "save half-way: die"],
        [
          "step: exit",
          "step: exit at once",
          "step: die",
          "step: hang",
          "evaluate: a string",
          "save: nothing",
          "restore: die",
        ],
      ),
    )("%s, once, costs a generation, and the run goes on", async (misbehaviour) => {
      place.write("climb.yaml", experiment(`${misbehaviour}: once`));
      const run = await place.clade("run", "climb.yaml", "--json", "--workers", "1");
      expect(run).toMatchObject({ code: 0 });
      expect(Workplace.result(run)).toMatchObject({
        totalSteps: 200,
        failedMembers: 0,
        failures: 1,
      });
      await expect.poll(() => place.alive("starts")).toEqual([]);
    });

    test.skipIf(!isLong)(
      `what a script and its children print, and 1 GB of it, is the log${inLongRuns}`,
      async () => {
        for (const misbehaviour of ["step: print: once", "step: flood: once"]) {
          place.write("climb.yaml", experiment(misbehaviour));
          const run = await place.clade(
            "run",
            "climb.yaml",
            "--json",
            "--workers",
            "1",
            "--seed",
            "1",
          );
          expect(Workplace.result(run)).toMatchObject({ totalSteps: 200, failures: 0 });
          place.remove("starts");
        }
        const logs = readdirSync(place.path(".clade", "logs"), {
          recursive: true,
          encoding: "utf8",
        });
        const texts = logs
          .filter((name) => name.includes("member-"))
          .map((name) => place.path(".clade", "logs", name));
        const printed = texts
          .map((path) => readFileSync(path, "utf8"))
          .find((text) => text.includes("Epoch 1/10"));
        expect(printed).toContain(
          'Epoch 1/10\n{"jsonrpc": "2.0", "id": 1, "result": {}}\nfrom a child\ninput was:',
        );
        expect(Math.max(...texts.map((path) => statSync(path).size))).toBeLessThan(17 * 2 ** 20);
      },
    );

    test("children and forks of a trainer do not survive it", async () => {
      place.write("climb.yaml", experiment("step: fork: once"));
      const run = await place.clade("run", "climb.yaml", "--json", "--workers", "1");
      expect(Workplace.result(run)).toMatchObject({ totalSteps: 200, failures: 0 });
      expect(place.read("children").trim().split("\n")).toHaveLength(2);
      await expect.poll(() => place.alive("starts", "children")).toEqual([]);
    });

    test("scores that are NaN rank below every number, and the run ends in order", async () => {
      place.write("climb.yaml", experiment("evaluate: NaN"));
      const run = await place.clade("run", "climb.yaml", "--json");
      expect(Workplace.result(run)).toMatchObject({
        totalSteps: 200,
        failures: 0,
        unscoredMembers: 4,
      });
    });

    test("hyperparameters that the trainer did not adopt stop it, with both values", async () => {
      place.write("climb.yaml", experiment("restore: old rate"));
      const checked = await place.clade("check", "climb.yaml");
      expect(checked.code).toBe(2);
      expect(checked.stdout).toMatch(
        /BAD {2}.*has rate = 0\.\d+ in force after restore, but was told 0\.\d+/,
      );
    });

    test("a Python without the client is told how to install it", async () => {
      place.write("climb.yaml", experiment("", `PYTHONPATH= ${python} -S climber.py`));
      const checked = await place.clade("check", "climb.yaml");
      expect(checked.stdout).toContain("ended with exit code 1 during initialize; install the ");
      expect(checked.stdout).toMatch(
        / install the Python client where the command runs: pip install \/.*\/python\n/,
      );
      expect(existsSync(/pip install (\S+)/.exec(checked.stdout)![1]!)).toBe(true);
    });

    test("the template for Python checks out, runs, and trains alone", async () => {
      await place.clade("init", "--template", "python");
      place.write("experiment.yaml", place.read("experiment.yaml").replace("python3", python));
      expect(await place.clade("check", "experiment.yaml")).toMatchObject({ code: 0 });
      const run = await place.clade(
        "run",
        "experiment.yaml",
        "--json",
        "--set",
        "budget.stepsPerMember=200",
      );
      expect(Workplace.result(run)).toMatchObject({ state: { kind: "done" }, failures: 0 });
    });
  },
);
