import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { climb, putFinishedRun, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

/** The run of the workplace, with what it published. */
async function decisionsOf(): Promise<{ member: number; reason: { text: string } }[]> {
  const { stdout } = await place.ask("show", "--json");
  return Workplace.events(stdout).flatMap((event) =>
    event.type === "decision"
      ? [event.decision as { member: number; reason: { text: string } }]
      : [],
  );
}

test("a damaged checkpoint is named, and its member goes on from a good snapshot", async () => {
  const run = await putFinishedRun(place, climb({ declaration: "exploit: noExploit()," }));
  const { run: id } = Workplace.events(run.stdout).at(-1) as unknown as { run: string };
  const newest = new Map<number, string>();
  for (const event of Workplace.events(run.stdout)) {
    const { member, checkpoint } = (event.snapshot ?? {}) as {
      member: number;
      checkpoint: string;
    };
    if (event.type === "snapshot") newest.set(member, checkpoint);
  }
  const damaged = newest.get(2)!;
  const file = place.path(".clade", "checkpoints", id, "checkpoints", damaged);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);

  const resumed = await place.ask("resume", "--set", "budget.stepsPerMember=80", "--json");
  expect(resumed.code).toBe(0);
  expect(Workplace.events(resumed.stdout).at(-1)).toMatchObject({ totalSteps: 320, failures: 0 });
  const recovered = (await decisionsOf()).filter(({ reason }) =>
    reason.text.startsWith("recovered"),
  );
  expect(recovered).toMatchObject([
    { member: 2, reason: { text: expect.stringContaining(damaged.slice(0, 12)) } },
  ]);
});

test("best hands over the best whole model and says which is lost", async () => {
  const run = await putFinishedRun(place, climb({ declaration: "exploit: noExploit()," }));
  const { run: id, snapshot } = Workplace.result(run);
  const checkpoints = place.path(".clade", "checkpoints", id as string, "checkpoints");
  const damage = (name: string) => writeFileSync(join(checkpoints, name), "damaged");
  damage((Workplace.result(run).best as { checkpoint: string }).checkpoint);
  const best = await place.ask("best", "--out", "model");
  expect(best).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`a better model is lost: snapshot ${snapshot}`),
  });
  expect(JSON.parse(place.read("model/best.json")).snapshot).not.toBe(snapshot);
  expect(readdirSync(place.path("model")).toSorted()).toEqual([
    "best.json",
    "checkpoint",
    "schedule.json",
  ]);
  expect((await place.ask("status")).stdout).toMatch(
    /a better model is lost.*\n.*takes its place/,
  );

  for (const name of readdirSync(checkpoints)) damage(name);
  mkdirSync(place.path("empty"));
  for (const out of ["new/model", "empty"]) {
    const failed = await place.ask("best", "--out", out);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no model of the run is intact"),
    });
  }
  expect([existsSync(place.path("new")), readdirSync(place.path("empty"))]).toEqual([false, []]);
});

const mayMount = process.getuid?.() === 0 && process.platform === "linux";

test.skipIf(!mayMount)(
  "a full disk ends the run, and resume goes on once there is room (needs root to mount)",
  async () => {
    const disk = mkdtempSync(join(tmpdir(), "clade-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
    try {
      mkdirSync(join(disk, "store"));
      const store = join(disk, "store", "clade.db");
      place.write(
        "climb.mjs",
        climb({
          trainer:
            "save() { const weights = new Float32Array(30000).fill(this.height); " +
            "return { height: this.height, weights }; }",
        }),
      );
      const run = await place.ask(
        "run",
        "climb.mjs",
        "--store",
        store,
        "--set",
        "budget.stepsPerMember=100",
      );
      expect(run).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/disk is full; free some space, then resume the run/),
      });
      expect(await place.ask("status", "--store", store)).toMatchObject({ code: 0 });
      execFileSync("mount", ["-o", "remount,size=40m", disk]);
      const resumed = await place.ask("resume", "--store", store, "--json");
      expect(Workplace.events(resumed.stdout).at(-1)).toMatchObject({
        state: { kind: "done" },
        totalSteps: 400,
      });
      expect(readdirSync(join(disk, "store"))).toContain("checkpoints");
    } finally {
      execFileSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true });
    }
  },
);

test.skipIf(!isLong || !mayMount)(
  `a full disk of a command ends the run, at no member's cost (needs root to mount)${inLongRuns}`,
  async () => {
    const disk = mkdtempSync(join(tmpdir(), "clade-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]);
    try {
      const store = ["--store", join(disk, "clade.db")];
      const trainer = fileURLToPath(new URL("../fixtures/climber.mjs", import.meta.url));
      place.write(
        "climb.yaml",
        `
name: climb
population: 4
hyperparameters: { rate: { logUniform: [0.01, 1] } }
objective: { maximize: height }
ready: { everySteps: 5 }
budget: { stepsPerMember: 100 }
trainer: "node '${trainer}' 'save: a file of 5 MB'"
`,
      );
      const run = await place.ask("run", "climb.yaml", ...store);
      expect(run).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/disk is full; free some space, then resume the run/),
      });
      execFileSync("mount", ["-o", "remount,size=800m", disk]);
      const resumed = await place.ask("resume", ...store, "--json");
      expect(Workplace.events(resumed.stdout).at(-1)).toMatchObject({
        state: { kind: "done" },
        totalSteps: 400,
        failedMembers: 0,
      });
    } finally {
      execFileSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true });
    }
  },
);

test.skipIf(!mayMount)(
  "a read-only directory stays readable, and resume says what to do (needs root to mount)",
  async () => {
    const disk = mkdtempSync(join(tmpdir(), "clade-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
    try {
      const store = ["--store", join(disk, "clade.db")];
      place.write("climb.mjs", climb());
      await place.ask("run", "climb.mjs", ...store);
      execFileSync("mount", ["-o", "remount,ro", disk]);
      expect((await place.ask("status", ...store)).stdout).toContain("4 finished");
      expect((await place.ask("show", ...store)).stdout).toContain("copies");
      expect(await place.ask("best", "--out", "model", ...store)).toMatchObject({ code: 0 });
      const resumed = await place.ask("resume", "--set", "budget.stepsPerMember=80", ...store);
      expect(resumed).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("is read-only; make it writable"),
      });
      execFileSync("mount", ["-o", "remount,rw", disk]);
      expect(
        await place.ask("resume", "--set", "budget.stepsPerMember=80", ...store),
      ).toMatchObject({
        code: 0,
      });
    } finally {
      execFileSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true });
    }
  },
);
