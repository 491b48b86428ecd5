/** Synchronous runs, in which a generation waits for all of it. */
import { type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import { assertEqual } from "../assert.ts";
import { type Add, claim, decisionOn, failure, publishTrained, worker } from "./scene.ts";

export function synchronousCases(add: Add): void {
  add(
    "a synchronous claim waits for the least advanced, even while it is leased",
    { synchronous: true },
    async ({ store, id }) => {
      const behind = await claim(store, id, worker(1));
      await publishTrained(store, await claim(store, id));
      await publishTrained(store, await claim(store, id));
      assertEqual(
        await store.claimMember(id, worker(2), { leaseMs: 1000 }),
        { kind: "wait" },
        "claim",
      );
      await publishTrained(store, behind);
      const next = await claim(store, id, worker(2));
      assertEqual(
        [next.member, next.newest.generation],
        [0, 1],
        "claim after the last has published",
      );
    },
  );

  add(
    "finished and failed members of a synchronous run do not block others",
    { synchronous: true },
    async ({ store, id }) => {
      await publishTrained(store, await claim(store, id), { isLast: true });
      await store.recordFailure(await claim(store, id), failure(1), "failed");
      for (let generation = 0; generation < 3; generation++) {
        const claimed = await claim(store, id);
        assertEqual([claimed.member, claimed.newest.generation], [2, generation], "claim");
        await publishTrained(store, claimed);
      }
    },
  );

  add(
    "an undecided snapshot stays so until what was decided is published",
    { synchronous: true, members: 1 },
    async (scene) => {
      const { store, id } = scene;
      const trained = await publishTrained(store, await claim(store, id));
      const first = await claim(store, id);
      assertEqual(first.undecided, true, "undecided");
      await store.releaseMember(first);
      const second = await claim(store, id);
      assertEqual(second.undecided, true, "undecided after a release");
      await store.recordFailure(second, failure(0), "active");
      const third = await claim(store, id);
      assertEqual(third.undecided, true, "undecided after a failure");
      const snapshot: Snapshot = { ...trained, id: snapshotId(0, 2), kind: "copied" };
      const decision = decisionOn(trained, "copy");
      await store.publish(third, { kind: "rescued", decision, snapshot });
      await store.recordFailure(third, failure(0), "active");
      const fourth = await claim(store, id);
      assertEqual([fourth.undecided, fourth.newest], [false, snapshot], "after the decision");
    },
  );

  add(
    "a generation shows each member's trained snapshot of it, or of its last before",
    {},
    async ({ store, id }) => {
      const one = await publishTrained(store, await claim(store, id));
      const other = await publishTrained(store, await claim(store, id));
      const third = await claim(store, id);
      assertEqual(third.member, 2, "the third");
      const again = await claim(store, id);
      const from: Snapshot = { ...one, id: snapshotId(0, 2), kind: "explored", parent: one.id };
      const two = await publishTrained(store, again, { from });
      assertEqual(await store.generation(id, 0), [], "generation 0");
      assertEqual(await store.generation(id, 1), [one, other], "generation 1");
      assertEqual(await store.generation(id, 2), [two, other], "generation 2");
      assertEqual(await store.generation(id, 9), [two, other], "generation 9");
    },
  );
}
