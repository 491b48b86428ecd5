/** Publications and the decisions that go with them. */
import { ordinalOf, type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import { type Failure, start } from "../../population-store/population-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import {
  type Add,
  checkpoint,
  claim,
  decisionOn,
  everything,
  failure,
  publishTrained,
  root,
  roots,
  trainedAfter,
  worker,
} from "./scene.ts";

export function publicationCases(add: Add): void {
  add(
    "a publication appends its snapshots and gives the member back",
    {},
    async ({ store, id, clock }) => {
      const claimed = await claim(store, id, worker(3));
      const trained = trainedAfter(claimed.newest, { score: 0.5, checkpoint: checkpoint("a") });
      const copied: Snapshot = {
        ...trained,
        id: snapshotId(0, 2),
        kind: "copied",
        parent: trained.id,
      };
      const { cursor } = await store.present(id);
      clock.time += 5;
      const decision = decisionOn(trained, "copy");
      await store.publish(claimed, 0, () => ({
        snapshots: [trained, copied],
        decision,
        member: "active",
      }));
      const changes = await store.changes(id, { ...start, snapshots: cursor });
      assertEqual(
        changes.snapshots,
        [trained, copied].map((snapshot) => ({
          ...snapshot,
          publishedAt: clock.time,
          worker: worker(3),
        })),
        "snapshots",
      );
      assertEqual(changes.decisions, [decision], "decisions");
      const [member] = await store.members(id);
      assertEqual(member, { member: 0, state: "active", newest: copied, failures: 0 }, "member");
      assertEqual(await store.counts(id), { snapshots: 5, copies: 1, failures: 0 }, "counts");
    },
  );

  add("a publication that keeps its claim goes on with it", {}, async ({ store, id, clock }) => {
    const claimed = await claim(store, id, worker(3), 1000);
    const trained = await publishTrained(store, claimed, { keepClaim: true });
    const lease = (await store.members(id))[0]!.lease;
    assertEqual(lease, { worker: worker(3), until: clock.time + 1000 }, "lease");
    await store.renewLease(claimed, 2000);
    await store.publish(claimed, 0, () => ({ snapshots: [], member: "active", keepClaim: true }));
    assertEqual(
      (await store.members(id))[0]!.newest,
      trained,
      "newest after an empty publication",
    );
    const next = trainedAfter(trained);
    await store.publish(claimed, 0, () => ({ snapshots: [next], member: "active" }));
    assertEqual((await store.members(id))[0]!.newest, next, "newest");
    assertEqual((await store.counts(id)).snapshots, 5, "snapshots");
    assertEqual((await claim(store, id)).member, 1, "the next claim goes to one that is behind");
  });

  add(
    "a worker that tells how it goes on claims another member in that way",
    {},
    async ({ store, id, clock }) => {
      const first = await claim(store, id, worker(3));
      const next = { leaseMs: 5000, warm: first.member };
      await publishTrained(store, first, { undecided: true, next });
      clock.time += 10;
      const second = await claim(store, id, worker(3), next.leaseMs);
      assertEqual(
        [second.member, second.worker, second.undecided],
        [1, worker(3), false],
        "the next claim",
      );
      assertEqual((await claim(store, id, worker(4))).member, 2, "another worker's claim");
      await publishTrained(store, second, { next });
      const third = await claim(store, id, worker(3), next.leaseMs);
      assertEqual([third.member, third.undecided], [0, true], "a claim that awaits a decision");
      await publishTrained(store, third, { next: { ...next, warm: 0 } });
      await store.releaseWorker(id, worker(3));
      const leases = (await store.members(id)).flatMap(({ lease }) => lease?.worker ?? []);
      assertEqual(leases, [worker(4)], "leases once the worker was released");
    },
  );

  add(
    "failures count up until a publication gives the member back",
    { members: 1 },
    async (scene) => {
      const { store, id } = scene;
      for (let failures = 0; failures < 3; failures++) {
        const claimed = await claim(store, id);
        assertEqual(claimed.failures, failures, "failures of the claim");
        await store.recordFailure(claimed, failure(0, `no. ${failures}`), "active");
      }
      const claimed = await claim(store, id);
      await store.publish(claimed, 0, () => ({
        snapshots: [],
        member: "active",
        keepClaim: true,
      }));
      assertEqual(
        (await store.members(id))[0]!.failures,
        3,
        "failures after one that keeps the claim",
      );
      await publishTrained(store, claimed);
      assertEqual((await store.members(id))[0]!.failures, 0, "failures after one that does not");
      assertEqual((await store.counts(id)).failures, 3, "failures in all");
      const { failures } = await store.changes(id, start);
      assertEqual(failures[1], failure(0, "no. 1"), "the second failure");
    },
  );

  add(
    "a decision sees what others published since, complete and in order",
    {},
    async ({ store, id }) => {
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
    },
  );

  add(
    "a decision that throws changes nothing, and the claim still holds",
    {},
    async ({ store, id }) => {
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
    },
  );

  add("the best snapshot is kept with the run until a better one", {}, async ({ store, id }) => {
    const first = await claim(store, id);
    const trained = trainedAfter(first.newest, { score: 1 });
    await store.publish(first, 0, () => ({
      snapshots: [trained],
      member: "active",
      best: trained.id,
    }));
    await publishTrained(store, await claim(store, id));
    assertEqual((await store.run(id)).best, trained.id, "best");
  });

  add(
    "a best that is as good as the run's changes nothing, whoever comes first",
    {},
    async ({ store, id }) => {
      const publish = async (score: number, memberSteps: number) => {
        const claimed = await claim(store, id);
        const trained = trainedAfter(claimed.newest, { score, memberSteps });
        await store.publish(claimed, 0, () => ({
          snapshots: [trained],
          member: "active",
          best: trained.id,
        }));
        return (await store.run(id)).best;
      };
      assertEqual(await publish(0.5, 20), "0.1", "the first");
      assertEqual(await publish(0.4, 10), "0.1", "a worse one");
      assertEqual(await publish(0.5, 20), "0.1", "an equal one of a later member");
      assertEqual(await publish(0.5, 10), "0.2", "an equal one of fewer steps");
      assertEqual(await publish(0.5, 10), "0.2", "an equal one of as many steps");
      assertEqual(await publish(0.6, 30), "2.2", "a better one");
    },
  );

  add(
    "the present is what members earned: neither a copy nor fresh weights",
    {},
    async ({ store, id }) => {
      const trained: Snapshot[] = [];
      for (const kind of ["copied", "explored", "restarted"] as const) {
        const claimed = await claim(store, id);
        const own = await publishTrained(store, claimed, { keepClaim: true });
        trained.push(own);
        const next: Snapshot = { ...own, id: snapshotId(own.member, ordinalOf(own.id) + 1), kind };
        await store.publish(claimed, 0, () => ({ snapshots: [next], member: "active" }));
      }
      assertEqual((await store.present(id)).snapshots, trained, "present");
    },
  );

  add(
    "numbers and texts come back exactly as they were published",
    { members: 1 },
    async ({ store, id }) => {
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
        await store.publish(claimed, 0, () => ({
          snapshots: [trained],
          decision,
          member: "active",
        }));
        assertEqual(await store.snapshot(id, trained.id), trained, `a snapshot with ${number}`);
        const { decisions } = await store.changes(id, start);
        assertEqual(decisions.at(-1), decision, `a decision with ${number}`);
      }
      const claimed = await claim(store, id);
      const said: Failure = { ...failure(0, "kaputt: 🐚\n学"), stack: "Error: \u0000\n  at ö" };
      await store.recordFailure(claimed, said, "active");
      assertEqual((await store.changes(id, start)).failures, [said], "a failure");
    },
  );

  add(
    "a snapshot without a score has none when it is read",
    { members: 1 },
    async ({ store, id }) => {
      const { score, samples, ...trained } = trainedAfter(root(0));
      await store.publish(await claim(store, id), 0, () => ({
        snapshots: [trained],
        member: "active",
      }));
      const read = await store.snapshot(id, trained.id);
      assert(!("score" in read) && !("samples" in read), "neither a score nor samples");
    },
  );
}
