/**
 * Every promise of `population-store.ts`, as cases that run against any store. A case makes runs of its own, so a store may hold
 * others' and is never assumed to be empty.
 */
import { CladeError } from "../algorithm/clade-error.ts";
import type { Decision } from "../algorithm/population-based-training.ts";
import {
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
} from "../algorithm/snapshot.ts";
import type { Budget } from "../experiment/budget.ts";
import type { ExperimentDescription } from "../experiment/experiment.ts";
import {
  type Claim,
  elapsedMs,
  type Failure,
  LeaseLostError,
  type PopulationStore,
  type Publication,
  type RunId,
  RunNotFoundError,
  SnapshotNotFoundError,
  start,
  type WorkerId,
} from "../population-store/population-store.ts";
import { assert, assertEqual, assertRejects, type ConformanceCase } from "./assert.ts";

/** Opens the store with a clock, Unix time in milliseconds. Opening it again gives another handle on the same storage where there is one. */
export type OpenPopulationStore = (options: { readonly now: () => number }) => Promise<PopulationStore>;

/** `shared`: processes share the storage, so what one handle does another sees. */
export function populationStoreConformance(
  open: OpenPopulationStore,
  { shared = false }: { readonly shared?: boolean } = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (name: string, options: Partial<Scene>, check: (scene: OpenScene) => Promise<void>) =>
    cases.push({ name, run: () => withScene(open, { ...defaultScene, ...options }, check) });

  add("a new run is running, and its members are at their roots", {}, async ({ store, id, clock }) => {
    const run = await store.run(id);
    assertEqual(run.state, { kind: "running" }, "state");
    assertEqual([run.createdAt, run.runningSince, run.elapsedMs], [clock.time, clock.time, 0], "times");
    assertEqual(run.best, undefined, "best");
    const members = await store.members(id);
    assertEqual(
      members,
      roots(3).map((newest, member) => ({ member, state: "active", newest, failures: 0 })),
      "members",
    );
    assertEqual(await store.counts(id), { snapshots: 3, copies: 0, failures: 0 }, "counts");
  });

  add("a run keeps what it was created with, whatever the letters", {}, async ({ store }) => {
    const id = newRunId("Zürich-朝-🐚");
    const source = { file: "/tmp/ünï code/实验.ts", settings: { population: 2, "budget.stepsPerMember": 9 } };
    const experiment = { ...description({ stepsPerMember: 7 }), name: "пример ' \" \\ \n 🐚" };
    const study = {
      name: "sizes",
      variant: "pbt population=2",
      method: "pbt",
      point: { population: 2 },
      baseline: "fixed",
    };
    const created = await store.createRun({ id, seed: 2 ** 40 + 1, experiment, source, study }, roots(1));
    const read = await store.run(id);
    assertEqual(read, created, "the run as read and as created");
    assertEqual([read.seed, read.experiment, read.source], [2 ** 40 + 1, experiment, source], "the run");
    assertEqual(read.study, study, "the place in a study");
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
    const listed = (await store.runs()).map((run) => run.id).filter((listedId) => ids.includes(listedId));
    assertEqual(listed, ids, "runs");
    await store.removeRun(ids[1]!);
    const left = (await store.runs()).map((run) => run.id).filter((listedId) => ids.includes(listedId));
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
    assertEqual(await store.claimMember(none, worker(1), 1000), { kind: "ended" }, "claim");
  });

  add("a removed run takes everything with it and leaves the others", {}, async ({ store, id }) => {
    const other = newRunId("other");
    await store.createRun({ id: other, seed: 1, experiment: description() }, roots(2));
    const held = await claim(store, id);
    await publishTrained(store, await claim(store, other));
    await store.pin(id, "pin", checkpoint("pin"));
    await store.removeRun(id);
    await assertRejects(store.run(id), RunNotFoundError, "run");
    assertEqual(await store.claimMember(id, worker(1), 1000), { kind: "ended" }, "claim");
    await assertLost(store, held);
    await store.releaseMember(held);
    assertEqual((await store.counts(other)).snapshots, 3, "snapshots of the other run");
    await store.createRun({ id, seed: 1, experiment: description() }, roots(1));
    assertEqual(await store.counts(id), { snapshots: 1, copies: 0, failures: 0 }, "counts of a new run");
    assertEqual(await live(store, id), [], "live checkpoints of a new run");
  });

  add("the least advanced free member is claimed first", {}, async ({ store, id }) => {
    const order: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const claimed = await claim(store, id);
      order.push(claimed.member);
      await publishTrained(store, claimed);
    }
    assertEqual(order, [0, 1, 2, 0, 1, 2, 0], "order of the claims");
  });

  add("a claim carries the member's newest snapshot", {}, async ({ store, id }) => {
    const first = await claim(store, id);
    assertEqual(first.newest, root(0), "newest at first");
    const trained = await publishTrained(store, first, { member: "active" });
    await publishTrained(store, await claim(store, id));
    await publishTrained(store, await claim(store, id));
    const again = await claim(store, id);
    assertEqual([again.member, again.newest], [0, trained], "newest after a generation");
    assertEqual(
      [again.run, again.worker, again.failures, again.undecided],
      [id, worker(0), 0, false],
      "claim",
    );
  });

  add(
    "the warm member is preferred among equals, and only among equals",
    { members: 4 },
    async ({ store, id }) => {
      assertEqual((await claim(store, id, worker(0), 60_000, 2)).member, 2, "the warm one among equals");
      assertEqual((await claim(store, id, worker(1), 60_000, 2)).member, 0, "a leased one is not free");
      const third = await claim(store, id, worker(1), 60_000, 3);
      assertEqual(third.member, 3, "another warm one");
      await publishTrained(store, third);
      assertEqual((await claim(store, id, worker(1), 60_000, 3)).member, 1, "a warm one that is ahead");
      assertEqual((await claim(store, id, worker(1), 60_000, 99)).member, 3, "one that does not exist");
    },
  );

  add("nobody claims a leased member, and an epoch is never given twice", {}, async ({ store, id }) => {
    const claims = await Promise.all([1, 2, 3].map((number) => claim(store, id, worker(number))));
    assertEqual(claims.map(({ member }) => member).sort(), [0, 1, 2], "members");
    assertEqual(await store.claimMember(id, worker(4), 1000), { kind: "wait" }, "a fourth claim");
    const epochs = new Set<number>();
    for (let turn = 0; turn < 4; turn++) {
      const mine = turn === 0 ? claims[0]! : await claim(store, id);
      epochs.add(mine.epoch);
      await store.releaseMember(mine);
    }
    assertEqual(epochs.size, 4, "different epochs");
  });

  add("a lease is shown with its worker and its end, and renewal moves the end", {}, async (scene) => {
    const { store, id, clock } = scene;
    const held = await claim(store, id, worker(5), 1000);
    const lease = async () => (await store.members(id))[0]!.lease;
    assertEqual(await lease(), { worker: worker(5), until: clock.time + 1000 }, "lease");
    clock.time += 600;
    await store.renewLease(held, 1000);
    assertEqual(await lease(), { worker: worker(5), until: clock.time + 1000 }, "renewed lease");
    await store.releaseMember(held);
    assertEqual(await lease(), undefined, "released lease");
  });

  add(
    "a lease that was not renewed in time can be claimed, which ends the old claim",
    { members: 1 },
    async ({ store, id, clock }) => {
      const slow = await claim(store, id, worker(1), 1000);
      clock.time += 999;
      assertEqual(await store.claimMember(id, worker(2), 1000), { kind: "wait" }, "before its end");
      await store.renewLease(slow, 1000);
      clock.time += 999;
      assertEqual(await store.claimMember(id, worker(2), 1000), { kind: "wait" }, "after a renewal");
      clock.time += 1;
      const taken = await claim(store, id, worker(2), 1000);
      assert(taken.epoch > slow.epoch, "the epoch has moved on");
      await assertLost(store, slow);
      assertEqual(
        (await store.members(id))[0]!.lease,
        { worker: worker(2), until: clock.time + 1000 },
        "lease",
      );
      await publishTrained(store, taken);
    },
  );

  add("an expired lease that nobody claimed still holds", { members: 1 }, async ({ store, id, clock }) => {
    const slow = await claim(store, id, worker(1), 1000);
    clock.time += 5000;
    await store.renewLease(slow, 1000);
    assertEqual(await store.claimMember(id, worker(2), 1000), { kind: "wait" }, "after a late renewal");
    clock.time += 5000;
    await store.reserveCheckpoint(slow, checkpoint("late"));
    await publishTrained(store, slow);
    assertEqual((await store.members(id))[0]!.newest.generation, 1, "generation");
  });

  add("a claim ends when its member is given back, in whatever way", { members: 1 }, async (scene) => {
    const { store, id } = scene;
    const published = await claim(store, id);
    await publishTrained(store, published);
    await assertLost(store, published);
    const released = await claim(store, id);
    await store.releaseMember(released);
    await assertLost(store, released);
    const failed = await claim(store, id);
    await store.recordFailure(failed, failure(0), "active");
    await assertLost(store, failed);
    const dead = await claim(store, id, worker(7));
    await store.releaseWorker(id, worker(7));
    await assertLost(store, dead);
    assertEqual((await store.members(id))[0]!.lease, undefined, "lease");
  });

  add("releasing a claim that is no longer valid changes nothing", { members: 1 }, async (scene) => {
    const { store, id, clock } = scene;
    const slow = await claim(store, id, worker(1), 1000);
    clock.time += 1000;
    const taken = await claim(store, id, worker(2), 1000);
    await store.releaseMember(slow);
    assertEqual(await store.claimMember(id, worker(3), 1000), { kind: "wait" }, "another claim");
    await store.renewLease(taken, 1000);
  });

  add("a dead worker's members are given back, and nobody else's", {}, async ({ store, id }) => {
    const mine = await claim(store, id, worker(1));
    const [second, third] = [await claim(store, id, worker(2)), await claim(store, id, worker(2))];
    await store.reserveCheckpoint(second, checkpoint("reserved"));
    await store.releaseWorker(id, worker(2));
    await assertLost(store, second);
    await assertLost(store, third);
    assertEqual(await live(store, id), [], "live checkpoints");
    await store.renewLease(mine, 1000);
    assertEqual((await claim(store, id)).member, second.member, "the next claim");
    await store.releaseWorker(id, worker(9));
  });

  add("a publication appends its snapshots and gives the member back", {}, async ({ store, id, clock }) => {
    const claimed = await claim(store, id, worker(3));
    const trained = trainedAfter(claimed.newest, { score: 0.5, checkpoint: checkpoint("a") });
    const copied: Snapshot = { ...trained, id: snapshotId(0, 2), kind: "copied", parent: trained.id };
    const { cursor } = await store.present(id);
    clock.time += 5;
    const decision = decisionOn(trained, "copy");
    await store.publish(claimed, 0, () => ({ snapshots: [trained, copied], decision, member: "active" }));
    const changes = await store.changes(id, { ...start, snapshots: cursor });
    assertEqual(
      changes.snapshots,
      [trained, copied].map((snapshot) => ({ ...snapshot, publishedAt: clock.time, worker: worker(3) })),
      "snapshots",
    );
    assertEqual(changes.decisions, [decision], "decisions");
    const [member] = await store.members(id);
    assertEqual(member, { member: 0, state: "active", newest: copied, failures: 0 }, "member");
    assertEqual(await store.counts(id), { snapshots: 5, copies: 1, failures: 0 }, "counts");
  });

  add("a publication that keeps its claim goes on with it", {}, async ({ store, id, clock }) => {
    const claimed = await claim(store, id, worker(3), 1000);
    const trained = await publishTrained(store, claimed, { keepClaim: true });
    const lease = (await store.members(id))[0]!.lease;
    assertEqual(lease, { worker: worker(3), until: clock.time + 1000 }, "lease");
    await store.renewLease(claimed, 2000);
    await store.publish(claimed, 0, () => ({ snapshots: [], member: "active", keepClaim: true }));
    assertEqual((await store.members(id))[0]!.newest, trained, "newest after an empty publication");
    const next = trainedAfter(trained);
    await store.publish(claimed, 0, () => ({ snapshots: [next], member: "active" }));
    assertEqual((await store.members(id))[0]!.newest, next, "newest");
    assertEqual((await store.counts(id)).snapshots, 5, "snapshots");
    assertEqual((await claim(store, id)).member, 1, "the next claim goes to one that is behind");
  });

  add("failures count up until a publication gives the member back", { members: 1 }, async (scene) => {
    const { store, id } = scene;
    for (let failures = 0; failures < 3; failures++) {
      const claimed = await claim(store, id);
      assertEqual(claimed.failures, failures, "failures of the claim");
      await store.recordFailure(claimed, failure(0, `no. ${failures}`), "active");
    }
    const claimed = await claim(store, id);
    await store.publish(claimed, 0, () => ({ snapshots: [], member: "active", keepClaim: true }));
    assertEqual((await store.members(id))[0]!.failures, 3, "failures after one that keeps the claim");
    await publishTrained(store, claimed);
    assertEqual((await store.members(id))[0]!.failures, 0, "failures after one that does not");
    assertEqual((await store.counts(id)).failures, 3, "failures in all");
    const { failures } = await store.changes(id, start);
    assertEqual(failures[1], failure(0, "no. 1"), "the second failure");
  });

  add("a decision sees what others published since, complete and in order", {}, async ({ store, id }) => {
    const present = await store.present(id);
    assertEqual(present.snapshots, roots(3), "present");
    let since = present.cursor;
    const expected: Snapshot[] = [];
    for (let turn = 0; turn < 9; turn++) {
      const claimed = await claim(store, id);
      const trained = trainedAfter(claimed.newest, { score: turn });
      let seen: readonly Snapshot[] = [];
      const place = await store.publish(claimed, since, (changes) => {
        seen = changes;
        return { snapshots: [trained], member: "active" };
      });
      assertEqual(seen, expected, `what publication ${turn} saw`);
      // The place is before what it appended itself.
      expected.length = 0;
      expected.push(trained);
      since = place;
    }
    const last = await store.present(id);
    const claimed = await claim(store, id);
    await store.publish(claimed, last.cursor, (changes) => {
      assertEqual(changes, [], "changes after the present");
      return { snapshots: [], member: "active" };
    });
  });

  add("a decision that throws changes nothing, and the claim still holds", {}, async ({ store, id }) => {
    const claimed = await claim(store, id);
    await store.reserveCheckpoint(claimed, checkpoint("reserved"));
    const before = await everything(store, id);
    class Mistake extends Error {}
    await assertRejects(
      store.publish(claimed, 0, () => {
        throw new Mistake("in decide");
      }),
      Mistake,
      "publish",
    );
    assertEqual(await everything(store, id), before, "the store");
    await publishTrained(store, claimed);
  });

  add("the best snapshot is kept with the run until a better one", {}, async ({ store, id }) => {
    const first = await claim(store, id);
    const trained = trainedAfter(first.newest, { score: 1 });
    await store.publish(first, 0, () => ({ snapshots: [trained], member: "active", best: trained.id }));
    await publishTrained(store, await claim(store, id));
    assertEqual((await store.run(id)).best, trained.id, "best");
  });

  add("an ending ends the whole run with its reason", {}, async ({ store, id, clock }) => {
    const other = await claim(store, id, worker(2));
    clock.time += 250;
    await publishTrained(store, await claim(store, id), { ending: "9 total steps trained" });
    const run = await store.run(id);
    assertEqual(run.state, { kind: "done", reason: "9 total steps trained" }, "state");
    assertEqual([run.elapsedMs, run.runningSince], [250, undefined], "time");
    assertEqual(await store.claimMember(id, worker(3), 1000), { kind: "ended" }, "claim");
    await assertLost(store, other);
    await store.stop(id);
    assertEqual((await store.run(id)).state.kind, "done", "state after a stop");
  });

  add("a run is done when every member is finished or failed, and not before", {}, async ({ store, id }) => {
    await publishTrained(store, await claim(store, id), { member: "finished" });
    await store.recordFailure(await claim(store, id), failure(1), "failed");
    assertEqual((await store.run(id)).state.kind, "running", "state with one left");
    const states = (await store.members(id)).map(({ state }) => state);
    assertEqual(states, ["finished", "failed", "active"], "members");
    await publishTrained(store, await claim(store, id), { member: "finished", reason: "9 s passed" });
    assertEqual((await store.run(id)).state, { kind: "done", reason: "9 s passed" }, "state");
    assertEqual(await store.claimMember(id, worker(1), 1000), { kind: "ended" }, "claim");
  });

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
    assertEqual([run.state, run.elapsedMs, run.runningSince], [{ kind: "stopped" }, 100, undefined], "run");
    assertEqual(await store.claimMember(id, worker(1), 1000), { kind: "ended" }, "claim");
    await assertLost(store, held);
    await store.releaseMember(held);
    assertEqual((await store.members(id))[0]!.lease, undefined, "lease after a release");
  });

  add("a resumed run goes on, without the time in which it was stopped", {}, async ({ store, id, clock }) => {
    clock.time += 100;
    await store.stop(id);
    clock.time += 10_000;
    await store.resume(id);
    const run = await store.run(id);
    assertEqual(run.state, { kind: "running" }, "state");
    clock.time += 50;
    assertEqual(elapsedMs(run, clock.time), 150, "elapsed time");
    await publishTrained(store, await claim(store, id));
  });

  add("a run that nobody stopped has run until its last publication", {}, async ({ store, id, clock }) => {
    clock.time += 300;
    await publishTrained(store, await claim(store, id));
    clock.time += 99_999;
    await store.resume(id);
    assertEqual(elapsedMs(await store.run(id), clock.time), 300, "elapsed time");
    clock.time += 50_000;
    await store.resume(id);
    assertEqual(elapsedMs(await store.run(id), clock.time), 300, "elapsed time after another crash");
    clock.time += 40;
    await publishTrained(store, await claim(store, id));
    assertEqual(elapsedMs(await store.run(id), clock.time), 340, "elapsed time after more work");
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

  add("resuming with a larger budget reactivates finished members", { members: 2 }, async (scene) => {
    const { store, id } = scene;
    await publishTrained(store, await claim(store, id), { member: "finished" });
    await publishTrained(store, await claim(store, id), { member: "finished" });
    const source = { file: "larger.ts", settings: { "budget.stepsPerMember": 11 } };
    await store.resume(id, { experiment: description({ stepsPerMember: 11 }), source });
    const run = await store.run(id);
    assertEqual([run.experiment.budget, run.source], [{ stepsPerMember: 11 }, source], "experiment");
    assertEqual(
      (await store.members(id)).map(({ state }) => state),
      ["active", "active"],
      "members",
    );
    assertEqual((await claim(store, id)).newest.generation, 1, "generation");
  });

  add("resuming ends a run at once that has no active member left", { members: 2 }, async (scene) => {
    const { store, id } = scene;
    await publishTrained(store, await claim(store, id), { member: "finished" });
    await publishTrained(store, await claim(store, id), { member: "finished" });
    await store.resume(id);
    assertEqual((await store.run(id)).state.kind, "done", "state after the same budget");
    await store.resume(id, { experiment: description({ stepsPerMember: 10 }) });
    assertEqual((await store.run(id)).state.kind, "done", "state after a budget that is spent");
    assertEqual(await store.claimMember(id, worker(1), 1000), { kind: "ended" }, "claim");
  });

  add(
    "a synchronous claim waits for the least advanced, even while it is leased",
    { synchronous: true },
    async ({ store, id }) => {
      const behind = await claim(store, id, worker(1));
      await publishTrained(store, await claim(store, id), { undecided: true });
      await publishTrained(store, await claim(store, id), { undecided: true });
      assertEqual(await store.claimMember(id, worker(2), 1000), { kind: "wait" }, "claim");
      await publishTrained(store, behind, { undecided: true });
      const next = await claim(store, id, worker(2));
      assertEqual([next.member, next.newest.generation], [0, 1], "claim after the last has published");
    },
  );

  add(
    "finished and failed members of a synchronous run block nobody",
    { synchronous: true },
    async ({ store, id }) => {
      await publishTrained(store, await claim(store, id), { member: "finished" });
      await store.recordFailure(await claim(store, id), failure(1), "failed");
      for (let generation = 0; generation < 3; generation++) {
        const claimed = await claim(store, id);
        assertEqual([claimed.member, claimed.newest.generation], [2, generation], "claim");
        await publishTrained(store, claimed, { undecided: true });
      }
    },
  );

  add("an undecided snapshot stays so until a decision", { synchronous: true, members: 1 }, async (scene) => {
    const { store, id } = scene;
    const trained = await publishTrained(store, await claim(store, id), { undecided: true });
    const first = await claim(store, id);
    assertEqual(first.undecided, true, "undecided");
    await store.releaseMember(first);
    const second = await claim(store, id);
    assertEqual(second.undecided, true, "undecided after a release");
    const decision = decisionOn(trained, "keep");
    await store.publish(second, 0, () => ({ snapshots: [], decision, member: "active", keepClaim: true }));
    await store.recordFailure(second, failure(0), "active");
    const third = await claim(store, id);
    assertEqual([third.undecided, third.newest], [false, trained], "after the decision");
  });

  add(
    "a generation shows each member's trained snapshot of it, or of its last before",
    {},
    async ({ store, id }) => {
      const first = await claim(store, id);
      const one = trainedAfter(first.newest);
      const explored: Snapshot = { ...one, id: snapshotId(0, 2), kind: "explored", parent: one.id };
      await store.publish(first, 0, () => ({
        snapshots: [one, explored],
        member: "active",
        keepClaim: true,
      }));
      const two = trainedAfter(explored);
      await store.publish(first, 0, () => ({ snapshots: [two], member: "active" }));
      const other = await publishTrained(store, await claim(store, id));
      assertEqual(await store.generation(id, 0), [], "generation 0");
      assertEqual(await store.generation(id, 1), [one, other], "generation 1");
      assertEqual(await store.generation(id, 2), [two, other], "generation 2");
      assertEqual(await store.generation(id, 9), [two, other], "generation 9");
    },
  );

  add("the present and its place miss nothing and repeat nothing", {}, async ({ store, id }) => {
    await publishTrained(store, await claim(store, id));
    const { snapshots, cursor } = await store.present(id);
    assertEqual(
      snapshots,
      (await store.members(id)).map(({ newest }) => newest),
      "present",
    );
    const later = await publishTrained(store, await claim(store, id));
    const changes = await store.changes(id, { ...start, snapshots: cursor });
    assertEqual(
      changes.snapshots.map((snapshot) => snapshot.id),
      [later.id],
      "changes after it",
    );
  });

  add("a member that was stopped stays so when its run gets a larger budget", {}, async ({ store, id }) => {
    const { population } = (await store.run(id)).experiment;
    for (let member = 0; member < population; member++) {
      await publishTrained(store, await claim(store, id), { member: member === 0 ? "stopped" : "finished" });
    }
    const ended = (await store.run(id)).state;
    assertEqual(ended, { kind: "done", reason: "every member was stopped or has spent its budget" }, "end");
    await store.resume(id, { experiment: description({ stepsPerMember: 1000 }) });
    const states = (await store.members(id)).map(({ state }) => state);
    assertEqual(states, ["stopped", ...Array(population - 1).fill("active")], "states");
  });

  add("the present is what members earned: neither a copy nor fresh weights", {}, async ({ store, id }) => {
    const trained: Snapshot[] = [];
    for (const kind of ["copied", "explored", "restarted"] as const) {
      const claimed = await claim(store, id);
      const own = await publishTrained(store, claimed, { keepClaim: true });
      trained.push(own);
      const next: Snapshot = { ...own, id: snapshotId(own.member, ordinalOf(own.id) + 1), kind };
      await store.publish(claimed, 0, () => ({ snapshots: [next], member: "active" }));
    }
    assertEqual((await store.present(id)).snapshots, trained, "present");
  });

  add("changes come oldest first, at most so many of each kind, and never twice", {}, async (scene) => {
    const { store, id } = scene;
    for (let turn = 0; turn < 7; turn++) {
      const claimed = await claim(store, id);
      if (turn % 3 === 1) await store.recordFailure(claimed, failure(claimed.member, `${turn}`), "active");
      else await publishTrained(store, claimed, { decision: decisionOn(claimed.newest, "keep") });
    }
    const all = await store.changes(id, start);
    assertEqual([all.snapshots.length, all.decisions.length, all.failures.length], [8, 5, 2], "changes");
    const pages = [];
    for (let cursor = start; ; ) {
      const page = await store.changes(id, cursor, 2);
      const sizes = [page.snapshots.length, page.decisions.length, page.failures.length];
      assert(Math.max(...sizes) <= 2, "a page has at most 2 of each kind");
      if (Math.max(...sizes) === 0) break;
      pages.push(page);
      cursor = page.cursor;
    }
    assertEqual(
      pages.flatMap((page) => page.snapshots),
      all.snapshots,
      "snapshots",
    );
    assertEqual(
      pages.flatMap((page) => page.decisions),
      all.decisions,
      "decisions",
    );
    assertEqual(
      pages.flatMap((page) => page.failures),
      all.failures,
      "failures",
    );
    assertEqual(await store.end(id), all.cursor, "the end");
    const after = await store.changes(id, all.cursor);
    assertEqual(after, { snapshots: [], decisions: [], failures: [], cursor: all.cursor }, "after the end");
  });

  add("a member's history comes newest first, down to its root", { members: 2 }, async ({ store, id }) => {
    for (let turn = 0; turn < 6; turn++) await publishTrained(store, await claim(store, id));
    const ids: SnapshotId[] = [];
    for await (const snapshot of store.history(id, 1)) ids.push(snapshot.id);
    assertEqual(ids, ["1.3", "1.2", "1.1", "1.0"], "history");
    for await (const snapshot of store.history(id, 0)) {
      assertEqual(snapshot, await store.snapshot(id, snapshot.id), "a snapshot by its id");
    }
  });

  add("a snapshot that is not in the run is not found", {}, async ({ store, id }) => {
    assertEqual(await store.snapshot(id, snapshotId(2, 0)), root(2), "a root");
    for (const missing of [snapshotId(2, 1), snapshotId(3, 0), "x" as SnapshotId]) {
      await assertRejects(store.snapshot(id, missing), SnapshotNotFoundError, missing);
    }
  });

  add("numbers and texts come back exactly as they were published", { members: 1 }, async ({ store, id }) => {
    const numbers = [0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, -0, -1 / 3, 2 ** 53 - 1];
    for (const number of numbers) {
      const claimed = await claim(store, id);
      const trained: Snapshot = {
        ...trainedAfter(claimed.newest, { score: number, checkpoint: checkpoint("ö🐚'\"") }),
        hyperparameters: {
          "λ 学习率": number,
          optimizer: "ädäm\u0000'\"🐚",
          nesterov: false,
          absent: undefined,
        },
        samples: numbers,
        metrics: { accuracy: number, "größe/损失": Number.NaN, loss: -number },
      };
      const reason = { text: "rang 3 · 学", numbers: { p: number, t: Number.NaN } };
      const decision = { ...decisionOn(trained, "keep"), reason };
      await store.publish(claimed, 0, () => ({ snapshots: [trained], decision, member: "active" }));
      assertEqual(await store.snapshot(id, trained.id), trained, `a snapshot with ${number}`);
      const { decisions } = await store.changes(id, start);
      assertEqual(decisions.at(-1), decision, `a decision with ${number}`);
    }
    const claimed = await claim(store, id);
    const said: Failure = { ...failure(0, "kaputt: 🐚\n学"), stack: "Error: \u0000\n  at ö" };
    await store.recordFailure(claimed, said, "active");
    assertEqual((await store.changes(id, start)).failures, [said], "a failure");
  });

  add("a snapshot without a score has none when it is read", { members: 1 }, async ({ store, id }) => {
    const { score, samples, ...trained } = trainedAfter(root(0));
    await store.publish(await claim(store, id), 0, () => ({ snapshots: [trained], member: "active" }));
    const read = await store.snapshot(id, trained.id);
    assert(!("score" in read) && !("samples" in read), "neither a score nor samples");
  });

  add("collection keeps what is needed, and nothing else", { members: 2 }, async ({ store, id }) => {
    assertEqual(await live(store, id), [], "live at first");
    const published: Snapshot[] = [];
    for (let generation = 1; generation <= 4; generation++) {
      for (let member = 0; member < 2; member++) {
        const claimed = await claim(store, id);
        const trained = trainedAfter(claimed.newest, { checkpoint: checkpoint(`${member}/${generation}`) });
        const best = trained.id === "1.1" ? { best: trained.id } : {};
        await store.publish(claimed, 0, () => ({ snapshots: [trained], member: "active", ...best }));
        published.push(trained);
      }
    }
    assertEqual(await live(store, id), ["0/3", "0/4", "1/1", "1/3", "1/4"], "last two trained, and the best");
    const claimed = await claim(store, id);
    const copied: Snapshot = {
      ...published.at(-1)!,
      id: snapshotId(0, 5),
      member: 0,
      kind: "copied",
      parent: published.at(-1)!.id,
    };
    await store.publish(claimed, 0, () => ({ snapshots: [copied], member: "active", keepClaim: true }));
    assertEqual(
      await live(store, id),
      ["0/3", "0/4", "1/1", "1/3", "1/4"],
      "a copy adds the donor's to its own two",
    );
    const last = trainedAfter({ ...copied, checkpoint: checkpoint("0/5") });
    await store.publish(claimed, 0, () => ({ snapshots: [last], member: "active" }));
    assertEqual(await live(store, id), ["0/4", "0/5", "1/1", "1/3", "1/4"], "the oldest goes");
  });

  add(
    "a reserved checkpoint is kept until its claim reserves another, publishes, or ends",
    { members: 1 },
    async ({ store, id, clock }) => {
      const reserved = async (claimed: Claim, name: string) => {
        await store.reserveCheckpoint(claimed, checkpoint(name));
        assertEqual(await live(store, id), [name], "live");
      };
      const first = await claim(store, id, worker(1), 1000);
      await reserved(first, "first");
      await reserved(first, "second");
      clock.time += 5000;
      assertEqual(await live(store, id), ["second"], "live after the lease, which nobody claimed");
      const second = await claim(store, id, worker(2), 1000);
      assertEqual(await live(store, id), [], "live after a new claim");
      await assertRejects(store.reserveCheckpoint(first, checkpoint("late")), LeaseLostError, "reserve");
      assertEqual(await live(store, id), [], "live after a refusal");
      await reserved(second, "third");
      await store.releaseMember(second);
      assertEqual(await live(store, id), [], "live after a release");
      const third = await claim(store, id);
      await reserved(third, "fourth");
      await store.recordFailure(third, failure(0), "active");
      assertEqual(await live(store, id), [], "live after a failure");
      const fourth = await claim(store, id);
      await reserved(fourth, "fifth");
      await publishTrained(store, fourth);
      assertEqual(await live(store, id), [], "live after a publication of something else");
    },
  );

  add("a pinned checkpoint is kept for as long as its name stands", {}, async ({ store, id }) => {
    await store.pin(id, "best 🐚", checkpoint("a"));
    await store.pin(id, "other", checkpoint("a"));
    await store.pin(id, "third", checkpoint("b"));
    assertEqual(await live(store, id), ["a", "b"], "live");
    await store.pin(id, "third", checkpoint("c"));
    await store.unpin(id, "best 🐚");
    assertEqual(await live(store, id), ["a", "c"], "live after a name moved and one went");
    await store.unpin(id, "other");
    await store.unpin(id, "never stood");
    await store.unpin(id, "third");
    assertEqual(await live(store, id), [], "live");
  });

  add("a sweep that throws is the caller's error, and the store goes on", {}, async ({ store, id }) => {
    class Mistake extends Error {}
    const sweep = () => {
      throw new Mistake("in sweep");
    };
    await assertRejects(store.collect(id, sweep), Mistake, "collect");
    await publishTrained(store, await claim(store, id));
  });

  add("waiting ends with a change, with its time, or with the signal", {}, async ({ store, id }) => {
    const claimed = await claim(store, id);
    const waiting = store.waitForChange(store.mark(), 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await publishTrained(store, claimed);
    await waiting;
    const seen = store.mark();
    await publishTrained(store, await claim(store, id, worker(2)));
    await store.waitForChange(seen, 60_000);
    await store.waitForChange(store.mark(), 20);
    const controller = new AbortController();
    const interrupted = store.waitForChange(store.mark(), 60_000, controller.signal);
    controller.abort();
    await interrupted;
    await store.waitForChange(store.mark(), 60_000, controller.signal);
  });

  if (!shared) return cases;

  add("what one handle does another sees, and claims are apart", {}, async ({ store, id, clock }) => {
    await using other = await open({ now: () => clock.time });
    const first = await claim(store, id, worker(1));
    const second = await claim(other, id, worker(2));
    assert(first.member !== second.member, "two members");
    const waiting = other.waitForChange(other.mark(), 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const trained = await publishTrained(store, first);
    await waiting;
    assertEqual((await other.members(id))[first.member]!.newest, trained, "newest");
    let seen: readonly Snapshot[] = [];
    await other.publish(second, (await other.present(id)).cursor - 1, (changes) => {
      seen = changes;
      return { snapshots: [], member: "active" };
    });
    assertEqual(
      seen.map((snapshot) => snapshot.id),
      [trained.id],
      "the last change",
    );
  });

  add("a claim that another handle took over is fenced", { members: 1 }, async ({ store, id, clock }) => {
    await using other = await open({ now: () => clock.time });
    const slow = await claim(store, id, worker(1), 1000);
    clock.time += 1000;
    const taken = await claim(other, id, worker(2), 1000);
    await assertLost(store, slow);
    await store.stop(id);
    await assertLost(other, taken);
  });

  add("a run that another handle removed has ended", {}, async ({ store, id, clock }) => {
    await using other = await open({ now: () => clock.time });
    const held = await claim(store, id);
    await other.removeRun(id);
    await assertLost(store, held);
    assertEqual(await store.claimMember(id, worker(1), 1000), { kind: "ended" }, "claim");
    await assertRejects(store.run(id), RunNotFoundError, "run");
  });

  return cases;
}

interface Scene {
  readonly members: number;
  readonly synchronous: boolean;
}

interface OpenScene {
  readonly store: PopulationStore;
  readonly id: RunId;
  readonly clock: { time: number };
}

const defaultScene: Scene = { members: 3, synchronous: false };

async function withScene(
  open: OpenPopulationStore,
  { members, synchronous }: Scene,
  check: (scene: OpenScene) => Promise<void>,
): Promise<void> {
  const clock = { time: 1_700_000_000_000 };
  await using store = await open({ now: () => clock.time });
  const id = newRunId("conformance");
  await store.createRun({ id, seed: 1, experiment: description({}, synchronous) }, roots(members));
  await check({ store, id, clock });
}

let runs = 0;

function newRunId(name: string): RunId {
  return `${name}-${Date.now().toString(36)}-${runs++}` as RunId;
}

function description(budget: Budget = {}, synchronous = false): ExperimentDescription {
  const strategy = { name: "test", options: {} };
  return {
    name: "conformance",
    population: 3,
    hyperparameters: { learningRate: "uniform(0, 1)" },
    initial: [],
    objective: { direction: "maximize", metric: "accuracy" },
    ready: strategy,
    exploit: strategy,
    explore: strategy,
    exploreEvery: "copy",
    budget,
    synchronous,
    reevaluate: false,
  };
}

function root(member: number): Snapshot {
  return {
    id: snapshotId(member, 0),
    member,
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: { learningRate: 0.1 + member, optimizer: "sgd" },
    metrics: {},
  };
}

function roots(count: number): Snapshot[] {
  return Array.from({ length: count }, (_, member) => root(member));
}

/** The end of a generation of 10 steps. */
function trainedAfter(newest: Snapshot, changes: Partial<Snapshot> = {}): Snapshot {
  const { donor, ...kept } = newest;
  return {
    ...kept,
    id: snapshotId(newest.member, ordinalOf(newest.id) + 1),
    kind: "trained",
    parent: newest.id,
    generation: newest.generation + 1,
    step: newest.step + 10,
    memberSteps: newest.memberSteps + 10,
    metrics: { accuracy: 0.5 },
    ...changes,
  };
}

function decisionOn(snapshot: Snapshot, kind: Decision["kind"]): Decision {
  const copies = kind === "copy";
  return {
    snapshot: snapshot.id,
    member: snapshot.member,
    generation: snapshot.generation,
    kind,
    ...(copies && { donor: snapshotId(1, 0) }),
    weights: copies,
    hyperparameters: copies,
    reason: { text: "because", numbers: { rank: 3 } },
  };
}

function failure(member: number, message = "broken"): Failure {
  return { member, generation: 0, worker: worker(0), at: 12, message, stack: `Error: ${message}\n  at x` };
}

function worker(number: number): WorkerId {
  return `host:1:${number}` as WorkerId;
}

function checkpoint(name: string): CheckpointId {
  return name as CheckpointId;
}

async function claim(
  store: PopulationStore,
  id: RunId,
  by = worker(0),
  leaseMs = 60_000,
  warm?: number,
): Promise<Claim> {
  const result = await store.claimMember(id, by, leaseMs, warm);
  assert(result.kind === "claimed", `expected a claim, got "${result.kind}"`);
  return result.claim;
}

/** Publishes one generation of the claimed member. */
async function publishTrained(
  store: PopulationStore,
  claimed: Claim,
  publication: Partial<Publication> = {},
): Promise<Snapshot> {
  const trained = trainedAfter(claimed.newest);
  await store.publish(claimed, Number.MAX_SAFE_INTEGER, () => ({
    snapshots: [trained],
    member: "active",
    ...publication,
  }));
  return trained;
}

/** Nothing can be done with the claim any more, and trying changes nothing. */
async function assertLost(store: PopulationStore, claimed: Claim): Promise<void> {
  const { run: id } = claimed;
  const exists = (await store.runs()).some((run) => run.id === id);
  const before = exists && (await everything(store, id));
  const publish = () =>
    store.publish(claimed, 0, () => {
      throw new Error("decide was called for a lost claim");
    });
  await assertRejects(publish, LeaseLostError, "publish");
  await assertRejects(store.renewLease(claimed, 1000), LeaseLostError, "renewLease");
  await assertRejects(store.reserveCheckpoint(claimed, checkpoint("lost")), LeaseLostError, "reserve");
  await assertRejects(store.recordFailure(claimed, failure(0), "failed"), LeaseLostError, "recordFailure");
  if (before) assertEqual(await everything(store, id), before, "the store after a refusal");
}

/** All that can be read of a run. */
async function everything(store: PopulationStore, id: RunId): Promise<unknown> {
  return {
    run: await store.run(id),
    members: await store.members(id),
    counts: await store.counts(id),
    changes: await store.changes(id, start),
    live: await live(store, id),
  };
}

async function live(store: PopulationStore, id: RunId): Promise<string[]> {
  let found: string[] = [];
  await store.collect(id, (ids) => {
    found = [...ids].sort();
  });
  return found;
}
