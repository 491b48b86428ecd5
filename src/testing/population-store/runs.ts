/** Runs: created, listed, ended, resumed and removed. */
import { CladeError } from "../../algorithm/clade-error.ts";
import { RunNotFoundError } from "../../population-store/population-store.ts";
import { assertEqual, assertRejects } from "../assert.ts";
import {
  type Add,
  assertLost,
  checkpoint,
  claim,
  description,
  failure,
  live,
  newRunId,
  publishTrained,
  roots,
  worker,
} from "./scene.ts";

export function runCases(add: Add): void {
  add(
    "a new run is running, and its members are at their roots",
    {},
    async ({ store, id, clock }) => {
      const run = await store.run(id);
      assertEqual(run.state, { kind: "running" }, "state");
      assertEqual(
        [run.createdAt, run.runningSince, run.elapsedMs],
        [clock.time, undefined, 0],
        "times",
      );
      assertEqual(run.best, undefined, "best");
      const members = await store.members(id);
      assertEqual(
        members,
        roots(3).map((newest, member) => ({ member, state: "active", newest, failures: 0 })),
        "members",
      );
      assertEqual(await store.counts(id), { snapshots: 3, copies: 0, failures: 0 }, "counts");
    },
  );

  add("a run keeps what it was created with, whatever the letters", {}, async ({ store }) => {
    const id = newRunId("Zürich-朝-🐚");
    const source = {
      file: "/tmp/ünï code/实验.ts",
      settings: { population: 2, "budget.stepsPerMember": 9 },
    };
    const experiment = { ...description({ stepsPerMember: 7 }), name: "пример ' \" \\ \n 🐚" };
    const study = {
      name: "sizes",
      variant: "pbt population=2",
      method: "pbt",
      point: { population: 2 },
      baseline: "fixed",
    };
    const checkpoints = "s3://bücket/ünder 'this";
    const code = { "实验.ts": "00ff" };
    const controlOf = newRunId("it's ünder");
    const created = await store.createRun(
      { id, seed: 2 ** 40 + 1, experiment, source, study, controlOf, checkpoints, code },
      roots(1),
    );
    const read = await store.run(id);
    assertEqual(read, created, "the run as read and as created");
    assertEqual(
      [read.seed, read.experiment, read.source],
      [2 ** 40 + 1, experiment, source],
      "the run",
    );
    assertEqual(read.study, study, "the place in a study");
    assertEqual(read.controlOf, controlOf, "what it is a control of");
    assertEqual(
      [read.checkpoints, read.code],
      [checkpoints, code],
      "where its checkpoints are, and its code",
    );
  });

  add("notes about a run are kept in their order, and go with it", {}, async ({ store, id }) => {
    const job = { kind: "job", scheduler: "slurm", id: "7", submittedAt: 1 } as const;
    const differences = ["train.py: ünlike 🐚 \u0000"];
    const other = { kind: "different-code", worker: worker(1), joinedAt: 2, differences } as const;
    assertEqual(await store.notes(id), [], "notes at first");
    await store.note(id, job);
    await store.note(id, other);
    assertEqual(await store.notes(id), [job, other], "notes");
    const another = newRunId("another");
    await store.createRun({ id: another, seed: 1, experiment: description() }, roots(1));
    assertEqual(await store.notes(another), [], "notes of another run");
    await store.removeRun(id);
    await assertRejects(store.notes(id), RunNotFoundError, "notes of a removed run");
    await assertRejects(store.note(id, job), RunNotFoundError, "a note for a removed run");
  });

  add("a second run of the same id is refused, and the first stays", {}, async ({ store, id }) => {
    await publishTrained(store, await claim(store, id));
    const again = { id, seed: 2, experiment: description() };
    await assertRejects(store.createRun(again, roots(1)), CladeError, "createRun");
    assertEqual((await store.counts(id)).snapshots, 4, "snapshots");
  });

  add("runs are listed oldest first", {}, async ({ store, id }) => {
    const ids = [id];
    for (const name of ["z", "a", "m"]) {
      ids.push(newRunId(name));
      await store.createRun({ id: ids.at(-1)!, seed: 1, experiment: description() }, roots(1));
    }
    const listed = (await store.runs())
      .map((run) => run.id)
      .filter((listedId) => ids.includes(listedId));
    assertEqual(listed, ids, "runs");
    assertEqual(await store.damagedRuns(), [], "damaged runs");
    await store.removeRun(ids[1]!);
    const left = (await store.runs())
      .map((run) => run.id)
      .filter((listedId) => ids.includes(listedId));
    assertEqual(
      left,
      ids.filter((_, index) => index !== 1),
      "runs that are left",
    );
  });

  add("a run that is not in the store is not found", {}, async ({ store }) => {
    const none = newRunId("none");
    await assertRejects(store.run(none), RunNotFoundError, "run");
    await assertRejects(store.removeRun(none), RunNotFoundError, "removeRun");
    await assertRejects(store.resume(none), RunNotFoundError, "resume");
    await assertRejects(store.stop(none), RunNotFoundError, "stop");
    await assertRejects(store.members(none), RunNotFoundError, "members");
    await assertRejects(
      store.collect(none, () => {}),
      RunNotFoundError,
      "collect",
    );
    assertEqual(
      await store.claimMember(none, worker(1), { leaseMs: 1000 }),
      { kind: "ended" },
      "claim",
    );
  });

  add(
    "a removed run takes everything with it and leaves the others",
    {},
    async ({ store, id }) => {
      const other = newRunId("other");
      await store.createRun({ id: other, seed: 1, experiment: description() }, roots(2));
      const held = await claim(store, id);
      await publishTrained(store, await claim(store, other));
      await store.pin(id, "pin", checkpoint("pin"));
      await store.removeRun(id);
      await assertRejects(store.run(id), RunNotFoundError, "run");
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "ended" },
        "claim",
      );
      await assertLost(store, held);
      await store.releaseMember(held);
      assertEqual((await store.counts(other)).snapshots, 3, "snapshots of the other run");
      await store.createRun({ id, seed: 1, experiment: description() }, roots(1));
      assertEqual(
        await store.counts(id),
        { snapshots: 1, copies: 0, failures: 0 },
        "counts of a new run",
      );
      assertEqual(await live(store, id), [], "live checkpoints of a new run");
    },
  );

  add("an ending ends the whole run with its reason", {}, async ({ store, id, clock }) => {
    const other = await claim(store, id, worker(2));
    clock.time += 250;
    await publishTrained(store, await claim(store, id), {
      ends: { reason: "9 total steps trained" },
    });
    const run = await store.run(id);
    assertEqual(run.state, { kind: "done", reason: "9 total steps trained" }, "state");
    assertEqual([run.elapsedMs, run.runningSince], [250, undefined], "time");
    assertEqual(
      await store.claimMember(id, worker(3), { leaseMs: 1000 }),
      { kind: "ended" },
      "claim",
    );
    await assertLost(store, other);
    await store.stop(id);
    assertEqual((await store.run(id)).state.kind, "done", "state after a stop");
  });

  add(
    "a run is done when every member is finished or failed, and not before",
    {},
    async ({ store, id }) => {
      await publishTrained(store, await claim(store, id), { isLast: true });
      await store.recordFailure(await claim(store, id), failure(1), "failed");
      assertEqual((await store.run(id)).state.kind, "running", "state with one left");
      const states = (await store.members(id)).map(({ state }) => state);
      assertEqual(states, ["finished", "failed", "active"], "members");
      const last = await claim(store, id);
      await store.publish(last, { kind: "left", state: "finished", reason: "9 s passed" });
      assertEqual((await store.run(id)).state, { kind: "done", reason: "9 s passed" }, "state");
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "ended" },
        "claim",
      );
    },
  );

  add("a run has failed when every member has", {}, async ({ store, id }) => {
    for (let member = 0; member < 3; member++) {
      await store.recordFailure(await claim(store, id), failure(member), "failed");
    }
    assertEqual((await store.run(id)).state.kind, "failed", "state");
  });

  add("a stopped run ends claims, renewals and publications", {}, async ({ store, id, clock }) => {
    const held = await claim(store, id);
    clock.time += 100;
    await store.stop(id);
    const run = await store.run(id);
    assertEqual(
      [run.state, run.elapsedMs, run.runningSince],
      [{ kind: "stopped" }, 100, undefined],
      "run",
    );
    assertEqual(
      await store.claimMember(id, worker(1), { leaseMs: 1000 }),
      { kind: "ended" },
      "claim",
    );
    await assertLost(store, held);
    await store.releaseMember(held);
    assertEqual((await store.members(id))[0]!.lease, undefined, "lease after a release");
  });

  add("resuming gives failed members another chance", { members: 2 }, async ({ store, id }) => {
    for (let member = 0; member < 2; member++) {
      await store.recordFailure(await claim(store, id), failure(member), "failed");
    }
    await store.resume(id);
    const members = await store.members(id);
    assertEqual(
      members.map(({ state, failures }) => [state, failures]),
      [
        ["active", 0],
        ["active", 0],
      ],
      "members",
    );
    assertEqual((await claim(store, id)).member, 0, "claim");
    assertEqual((await store.counts(id)).failures, 2, "recorded failures");
  });

  add(
    "resuming with a larger budget reactivates finished members",
    { members: 2 },
    async (scene) => {
      const { store, id } = scene;
      await publishTrained(store, await claim(store, id), { isLast: true });
      await publishTrained(store, await claim(store, id), { isLast: true });
      const source = { file: "larger.ts", settings: { "budget.stepsPerMember": 11 } };
      await store.resume(id, { experiment: description({ stepsPerMember: 11 }), source });
      const run = await store.run(id);
      assertEqual(
        [run.experiment.budget, run.source],
        [{ stepsPerMember: 11 }, source],
        "experiment",
      );
      assertEqual(
        (await store.members(id)).map(({ state }) => state),
        ["active", "active"],
        "members",
      );
      assertEqual((await claim(store, id)).newest.generation, 1, "generation");
    },
  );

  add(
    "resuming ends a run at once that has no active member left",
    { members: 2 },
    async (scene) => {
      const { store, id } = scene;
      await publishTrained(store, await claim(store, id), { isLast: true });
      await publishTrained(store, await claim(store, id), { isLast: true });
      await store.resume(id);
      assertEqual((await store.run(id)).state.kind, "done", "state after the same budget");
      await store.resume(id, { experiment: description({ stepsPerMember: 10 }) });
      assertEqual((await store.run(id)).state.kind, "done", "state after a budget that is spent");
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "ended" },
        "claim",
      );
    },
  );

  add(
    "a member that was stopped stays so when its run gets a larger budget",
    {},
    async ({ store, id }) => {
      const { population } = (await store.run(id)).experiment;
      for (let member = 0; member < population; member++) {
        const state = member === 0 ? "stopped" : "finished";
        await store.publish(await claim(store, id), { kind: "left", state });
      }
      const ended = (await store.run(id)).state;
      assertEqual(
        ended,
        { kind: "done", reason: "every member was stopped or has spent its budget" },
        "end",
      );
      await store.resume(id, { experiment: description({ stepsPerMember: 1000 }) });
      const states = (await store.members(id)).map(({ state }) => state);
      assertEqual(states, ["stopped", ...Array(population - 1).fill("active")], "states");
    },
  );
}
