/** Claims: who gets which member, and for how long. */
import { type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import { assert, assertEqual } from "../assert.ts";
import {
  type Add,
  assertLost,
  checkpoint,
  claim,
  failure,
  live,
  publishTrained,
  root,
  worker,
} from "./scene.ts";

export function claimCases(add: Add): void {
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
    const trained = await publishTrained(store, first);
    await publishTrained(store, await claim(store, id));
    await publishTrained(store, await claim(store, id));
    const again = await claim(store, id);
    assertEqual([again.member, again.newest], [0, trained], "newest after a generation");
    assertEqual(
      [again.run, again.worker, again.failures, again.undecided],
      [id, worker(0), 0, true],
      "claim",
    );
  });

  add(
    "a claim tells when its member was last restarted",
    { members: 1 },
    async ({ store, id }) => {
      const first = await claim(store, id);
      assertEqual(first.restarted, 0, "restarted at first");
      const { score, ...fresh } = await publishTrained(store, first);
      const second = await claim(store, id);
      const from: Snapshot = { ...fresh, id: snapshotId(0, 2), kind: "restarted", step: 0 };
      await publishTrained(store, second, { from });
      const third = await claim(store, id);
      assertEqual(third.restarted, 1, "restarted after it");
      await publishTrained(store, third);
      assertEqual((await claim(store, id)).restarted, 1, "restarted a generation later");
    },
  );

  add(
    "the warm member is preferred among equals, and only among equals",
    { members: 4 },
    async ({ store, id }) => {
      assertEqual(
        (await claim(store, id, worker(0), 60_000, 2)).member,
        2,
        "the warm one among equals",
      );
      assertEqual(
        (await claim(store, id, worker(1), 60_000, 2)).member,
        0,
        "a leased one is not free",
      );
      const third = await claim(store, id, worker(1), 60_000, 3);
      assertEqual(third.member, 3, "another warm one");
      await publishTrained(store, third);
      assertEqual(
        (await claim(store, id, worker(1), 60_000, 3)).member,
        1,
        "a warm one that is ahead",
      );
      assertEqual(
        (await claim(store, id, worker(1), 60_000, 99)).member,
        3,
        "one that does not exist",
      );
    },
  );

  add(
    "a leased member cannot be claimed, and a fencing token is never given twice",
    {},
    async ({ store, id }) => {
      const claims = await Promise.all(
        [1, 2, 3].map((number) => claim(store, id, worker(number))),
      );
      assertEqual(claims.map(({ member }) => member).sort(), [0, 1, 2], "members");
      assertEqual(
        await store.claimMember(id, worker(4), { leaseMs: 1000 }),
        { kind: "wait" },
        "a fourth claim",
      );
      const tokens = new Set<number>();
      for (let turn = 0; turn < 4; turn++) {
        const mine = turn === 0 ? claims[0]! : await claim(store, id);
        tokens.add(mine.fencingToken);
        await store.releaseMember(mine);
      }
      assertEqual(tokens.size, 4, "different fencing tokens");
    },
  );

  add(
    "a lease is shown with its worker and its end, and renewal moves the end",
    {},
    async (scene) => {
      const { store, id, clock } = scene;
      const held = await claim(store, id, worker(5), 1000);
      const lease = async () => (await store.members(id))[0]!.lease;
      assertEqual(await lease(), { worker: worker(5), until: clock.time + 1000 }, "lease");
      clock.time += 600;
      await store.renewLease(held, 1000);
      assertEqual(await lease(), { worker: worker(5), until: clock.time + 1000 }, "renewed lease");
      await store.releaseMember(held);
      assertEqual(await lease(), undefined, "released lease");
    },
  );

  add(
    "a lease that was not renewed in time can be claimed, which ends the old claim",
    { members: 1 },
    async ({ store, id, clock }) => {
      const slow = await claim(store, id, worker(1), 1000);
      clock.time += 999;
      assertEqual(
        await store.claimMember(id, worker(2), { leaseMs: 1000 }),
        { kind: "wait" },
        "before its end",
      );
      await store.renewLease(slow, 1000);
      clock.time += 999;
      assertEqual(
        await store.claimMember(id, worker(2), { leaseMs: 1000 }),
        { kind: "wait" },
        "after a renewal",
      );
      clock.time += 1;
      const taken = await claim(store, id, worker(2), 1000);
      assert(taken.fencingToken > slow.fencingToken, "the fencing token has moved on");
      await assertLost(store, slow);
      assertEqual(
        (await store.members(id))[0]!.lease,
        { worker: worker(2), until: clock.time + 1000 },
        "lease",
      );
      await publishTrained(store, taken);
    },
  );

  add(
    "an expired lease that was not claimed still holds",
    { members: 1 },
    async ({ store, id, clock }) => {
      const slow = await claim(store, id, worker(1), 1000);
      clock.time += 5000;
      await store.renewLease(slow, 1000);
      assertEqual(
        await store.claimMember(id, worker(2), { leaseMs: 1000 }),
        { kind: "wait" },
        "after a late renewal",
      );
      clock.time += 5000;
      await store.reserveCheckpoint(slow, checkpoint("late"));
      await publishTrained(store, slow);
      assertEqual((await store.members(id))[0]!.newest.generation, 1, "generation");
    },
  );

  add(
    "a claim ends when its member is given back, in whatever way",
    { members: 1 },
    async (scene) => {
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
    },
  );

  add(
    "releasing a claim that is no longer valid changes nothing",
    { members: 1 },
    async (scene) => {
      const { store, id, clock } = scene;
      const slow = await claim(store, id, worker(1), 1000);
      clock.time += 1000;
      const taken = await claim(store, id, worker(2), 1000);
      await store.releaseMember(slow);
      assertEqual(
        await store.claimMember(id, worker(3), { leaseMs: 1000 }),
        { kind: "wait" },
        "another claim",
      );
      await store.renewLease(taken, 1000);
    },
  );

  add("a dead worker's members are given back, and only those", {}, async ({ store, id }) => {
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
}
