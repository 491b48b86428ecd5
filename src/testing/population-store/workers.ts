/** Failures, the rest after them, and who works on a run. */
import { beginning } from "../../population-store/population-store.ts";
import { assert, assertEqual } from "../assert.ts";
import { type Add, claim, failure, newRunId, publishTrained, worker } from "./scene.ts";

export function workerCases(add: Add): void {
  add(
    "a failure keeps what is known of it, and less where less is known",
    {},
    async ({ store, id }) => {
      const { snapshot, hyperparameters, device, phase, ...least } = failure(1);
      await store.recordFailure(await claim(store, id), failure(0), "active");
      await store.recordFailure(await claim(store, id), least, "active");
      assertEqual((await store.changes(id, beginning)).failures, [failure(0), least], "failures");
    },
  );

  add(
    "a member's failures are read latest first, and no others",
    { members: 2 },
    async ({ store, id }) => {
      for (const text of ["a", "b", "c"]) {
        const [mine, other] = [await claim(store, id), await claim(store, id)];
        await store.recordFailure(mine, failure(mine.member, text), "active");
        await store.recordFailure(other, failure(other.member, `other ${text}`), "active");
      }
      assertEqual(
        await store.failuresOf(id, 0, 2),
        [failure(0, "c"), failure(0, "b")],
        "the last two",
      );
      assertEqual((await store.failuresOf(id, 1, 9)).length, 3, "all of the other");
    },
  );

  add("a claim says whether its member has ever failed", { members: 2 }, async ({ store, id }) => {
    const [first, other] = [await claim(store, id), await claim(store, id)];
    assertEqual([first.hasFailed, other.hasFailed], [false, false], "before");
    await store.recordFailure(first, failure(first.member), "active");
    await publishTrained(store, other);
    const again = await claim(store, id);
    assertEqual([again.member, again.hasFailed], [first.member, true], "after its failure");
    await publishTrained(store, again);
    const [one, two] = [await claim(store, id), await claim(store, id)];
    assertEqual(
      new Map([one, two].map(({ member, hasFailed }) => [member, hasFailed])),
      new Map([
        [first.member, true],
        [other.member, false],
      ]),
      "after its success",
    );
  });

  add(
    "a member that has failed rests for as long as it was told",
    { members: 1 },
    async (scene) => {
      const { store, id, clock } = scene;
      const resting = async () => (await store.members(id))[0]!.restsUntil;
      const failed = await claim(store, id);
      await store.recordFailure(failed, failure(0), "active", 1000);
      await store.releaseMember(failed);
      assertEqual(await resting(), clock.time + 1000, "rests until");
      assertEqual((await store.members(id))[0]!.lease, undefined, "lease of one that rests");
      clock.time += 999;
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "wait" },
        "before the end of its rest",
      );
      clock.time += 1;
      assertEqual(await resting(), undefined, "after its rest");
      const claimed = await claim(store, id);
      assertEqual(claimed.failures, 1, "failures");
      await store.recordFailure(claimed, failure(0), "active", 60_000);
      await store.stop(id);
      await store.resume(id);
      assertEqual(await resting(), undefined, "after a resume");
      await publishTrained(store, await claim(store, id));
    },
  );

  add(
    "a member that is given back rests as long, and its failures stay",
    { members: 1 },
    async (scene) => {
      const { store, id, clock } = scene;
      await store.recordFailure(await claim(store, id), failure(0), "active");
      await store.releaseMember(await claim(store, id), 1000);
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "wait" },
        "before the end of its rest",
      );
      clock.time += 1000;
      assertEqual((await claim(store, id)).failures, 1, "failures after it");
    },
  );

  add(
    "one that rests holds back a synchronous run",
    { members: 2, synchronous: true },
    async (scene) => {
      const { store, id, clock } = scene;
      await store.recordFailure(await claim(store, id), failure(0), "active", 1000);
      await publishTrained(store, await claim(store, id));
      assertEqual(
        await store.claimMember(id, worker(1), { leaseMs: 1000 }),
        { kind: "wait" },
        "the other's next generation",
      );
      clock.time += 1000;
      assertEqual((await claim(store, id)).member, 0, "the one that has rested");
    },
  );

  add(
    "workers that said what they do are listed until they leave",
    {},
    async ({ store, id, clock }) => {
      const joinedAt = clock.time;
      await store.noteWorker(id, worker(2), { kind: "working" }, "0");
      clock.time += 10;
      await store.noteWorker(id, worker(1), { kind: "waiting" });
      clock.time += 30_000;
      const aside = {
        kind: "set-aside",
        since: 1,
        reason: "Gerät 🐚\u0000",
        triesAt: 2,
        givesUpAt: 3,
      } as const;
      await store.noteWorker(id, worker(2), aside, "0");
      assertEqual(
        await store.workers(id),
        [
          { worker: worker(2), device: "0", joinedAt, seenAt: clock.time, state: aside },
          {
            worker: worker(1),
            joinedAt: joinedAt + 10,
            seenAt: joinedAt + 10,
            state: { kind: "waiting" },
          },
        ],
        "workers",
      );
      await store.noteWorker(id, worker(1), undefined);
      await store.releaseWorker(id, worker(2));
      assertEqual(await store.workers(id), [], "workers that have left");
    },
  );

  add(
    "a worker that was not heard of for a day is forgotten",
    {},
    async ({ store, id, clock }) => {
      await store.noteWorker(id, worker(1), { kind: "working" });
      clock.time += 25 * 3600 * 1000;
      assertEqual(await store.workers(id), [], "workers");
      await store.noteWorker(id, worker(2), { kind: "working" });
      assertEqual((await store.workers(id)).length, 1, "workers that are heard of");
    },
  );

  add("a worker of a run that was removed says nothing", {}, async ({ store, id }) => {
    await store.noteWorker(id, worker(1), { kind: "working" });
    await store.removeRun(id);
    await store.noteWorker(id, worker(1), { kind: "working" });
    await store.noteWorker(newRunId("none"), worker(1), { kind: "working" });
    assert(!(await store.runs()).some((run) => run.id === id), "the run stays removed");
  });
}
