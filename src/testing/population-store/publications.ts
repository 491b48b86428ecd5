/** Publications and the decisions that go with them. */
import { ordinalOf, type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import {
  beginning,
  type Claim,
  type ClaimResult,
  type Failure,
} from "../../population-store/population-store.ts";
import { assert, assertEqual } from "../assert.ts";
import {
  type Add,
  checkpoint,
  claim,
  decisionOn,
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
      const copied: Snapshot = {
        ...root(1),
        id: snapshotId(0, 1),
        member: 0,
        kind: "copied",
        parent: snapshotId(1, 0),
      };
      const trained = trainedAfter(copied, { score: 0.5, checkpoint: checkpoint("a") });
      const { cursor } = await store.present(id);
      clock.time += 5;
      const decision = decisionOn(claimed.newest, "copy");
      await publishTrained(store, claimed, { decision, from: copied, snapshot: trained });
      const changes = await store.changes(id, { ...beginning, snapshots: cursor });
      assertEqual(
        changes.snapshots,
        [copied, trained].map((snapshot) => ({
          ...snapshot,
          publishedAt: clock.time,
          worker: worker(3),
        })),
        "snapshots",
      );
      assertEqual(changes.decisions, [decision], "decisions");
      const [member] = await store.members(id);
      assertEqual(member, { member: 0, state: "active", newest: trained, failures: 0 }, "member");
      assertEqual(await store.counts(id), { snapshots: 5, copies: 1, failures: 0 }, "counts");
    },
  );

  add(
    "a copy that was scored again, or that rescues a member, goes on with its claim",
    {},
    async ({ store, id, clock }) => {
      const claimed = await claim(store, id, worker(3), 1000);
      const from: Snapshot = { ...root(1), id: snapshotId(0, 1), member: 0, kind: "copied" };
      const evaluated: Snapshot = { ...from, id: snapshotId(0, 2), kind: "evaluated" };
      const decision = decisionOn(claimed.newest, "copy");
      await store.publish(claimed, { kind: "evaluated", decision, from, snapshot: evaluated });
      const lease = (await store.members(id))[0]!.lease;
      assertEqual(lease, { worker: worker(3), until: clock.time + 1000 }, "lease");
      await store.renewLease(claimed, 2000);
      const rescued: Snapshot = { ...from, id: snapshotId(0, 3) };
      await store.publish(claimed, { kind: "rescued", decision, snapshot: rescued });
      assertEqual((await store.members(id))[0]!.newest, rescued, "newest after a rescue");
      const next = await publishTrained(store, claimed, { snapshot: trainedAfter(rescued) });
      assertEqual((await store.members(id))[0]!.newest, next, "newest");
      assertEqual((await store.counts(id)).snapshots, 7, "snapshots");
      assertEqual((await claim(store, id)).member, 1, "the next claim");
    },
  );

  add(
    "a member that went back to an older snapshot is free, and awaits no decision",
    { members: 1 },
    async ({ store, id }) => {
      const trained = await publishTrained(store, await claim(store, id));
      const decision = decisionOn(trained, "keep");
      const snapshot: Snapshot = { ...root(0), id: snapshotId(0, 2), kind: "recovered" };
      await store.publish(await claim(store, id), { kind: "recovered", decision, snapshot });
      const again = await claim(store, id);
      assertEqual([again.undecided, again.newest], [false, snapshot], "the next claim");
    },
  );

  add(
    "a worker that tells how it goes on gets its next claim with the answer",
    {},
    async ({ store, id, clock }) => {
      const first = await claim(store, id, worker(3));
      const { cursor } = await store.present(id);
      const next = { leaseMs: 5000, warm: first.member, since: cursor };
      const goOn = async (claimed: Claim): Promise<Extract<ClaimResult, { kind: "claimed" }>> => {
        const snapshot = trainedAfter(claimed.newest);
        const result = await store.publish(claimed, { kind: "trained", snapshot }, next);
        assert(result?.kind === "claimed", `expected a claim, got "${result?.kind}"`);
        return result;
      };
      clock.time += 10;
      const second = (await goOn(first)).claim;
      assertEqual([second.member, second.undecided], [1, false], "the next claim");
      const lease = { worker: worker(3), until: clock.time + 5000 };
      assertEqual((await store.members(id))[1]!.lease, lease, "its lease");
      const others = await claim(store, id, worker(4));
      assertEqual(others.member, 2, "another worker's claim");
      const third = await goOn(second);
      assertEqual([third.claim.member, third.claim.undecided], [0, true], "one to decide about");
      const published = third.news?.snapshots.map(({ id }) => id);
      assertEqual(published, ["0.1", "1.1"], "its news");
      await goOn(third.claim);
      await store.releaseWorker(id, worker(3));
      const leases = (await store.members(id)).flatMap(({ lease }) => lease?.worker ?? []);
      assertEqual(leases, [worker(4)], "leases once the worker was released");
      const ended = { kind: "ended", reason: "enough" } as const;
      const last = await store.publish(others, ended, next);
      assertEqual(last, { kind: "ended" }, "the next claim of a run that has ended");
    },
  );

  add(
    "a publication ends the run when all members together have done enough steps",
    { members: 2 },
    async ({ store, id }) => {
      const ends = { reason: "30 total steps trained", atTotalSteps: 30 };
      for (let turn = 0; turn < 2; turn++) {
        await publishTrained(store, await claim(store, id), { ends });
        assertEqual((await store.run(id)).state.kind, "running", `state after turn ${turn}`);
      }
      await publishTrained(store, await claim(store, id), { ends, isLast: true });
      const state = { kind: "done", reason: ends.reason };
      assertEqual((await store.run(id)).state, state, "state");
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
      const snapshot: Snapshot = { ...root(0), id: snapshotId(0, 1), kind: "copied" };
      const decision = decisionOn(claimed.newest, "copy");
      await store.publish(claimed, { kind: "rescued", decision, snapshot });
      assertEqual((await store.members(id))[0]!.failures, 3, "failures after a rescue");
      await publishTrained(store, claimed, { snapshot: trainedAfter(snapshot) });
      assertEqual((await store.members(id))[0]!.failures, 0, "failures after a generation");
      assertEqual((await store.counts(id)).failures, 3, "failures in all");
      const { failures } = await store.changes(id, beginning);
      assertEqual(failures[1], failure(0, "no. 1"), "the second failure");
    },
  );

  add(
    "a claim brings what others published since, complete and in order",
    {},
    async ({ store, id }) => {
      const present = await store.present(id);
      assertEqual(present.snapshots, roots(3), "present");
      let { cursor } = present;
      let expected: Snapshot[] = [];
      for (let turn = 0; turn < 9; turn++) {
        const request = { leaseMs: 1000, since: cursor };
        const result = await store.claimMember(id, worker(0), request);
        assert(result.kind === "claimed", `claim ${turn}`);
        const { claim: claimed, news } = result;
        assertEqual(news !== undefined, claimed.undecided, `whether claim ${turn} brings news`);
        if (news) {
          assertEqual(news.snapshots, expected, `what claim ${turn} brings`);
          assertEqual(news, await store.news(id, cursor), `what is read after claim ${turn}`);
          cursor = news.cursor;
          expected = [];
        }
        const snapshot = trainedAfter(claimed.newest, { score: turn });
        expected.push(await publishTrained(store, claimed, { snapshot }));
      }
      const last = await store.present(id);
      const nothing = { snapshots: [], cursor: last.cursor };
      assertEqual(await store.news(id, last.cursor), nothing, "news after the present");
    },
  );

  add(
    "a claim brings copies, too, before what was trained from them",
    {},
    async ({ store, id }) => {
      const donor = await publishTrained(store, await claim(store, id));
      const { cursor } = await store.present(id);
      const claimed = await claim(store, id);
      const copy: Snapshot = {
        ...donor,
        id: snapshotId(claimed.member, 1),
        member: claimed.member,
        kind: "copied",
        parent: donor.id,
        donor: donor.id,
      };
      const trained = await publishTrained(store, claimed, { from: copy });
      await publishTrained(store, await claim(store, id));
      const result = await store.claimMember(id, worker(1), { leaseMs: 1000, since: cursor });
      assert(result.kind === "claimed", `expected a claim, got "${result.kind}"`);
      assertEqual(result.news?.snapshots.slice(0, 2), [copy, trained], "its news");
    },
  );

  add(
    "a claim of a worker that has been away brings all of a long history",
    { members: 1 },
    async ({ store, id }) => {
      const { cursor } = await store.present(id);
      const published: string[] = [];
      for (let turn = 0; turn < 300; turn++)
        published.push((await publishTrained(store, await claim(store, id))).id);
      const request = { leaseMs: 1000, since: cursor };
      const result = await store.claimMember(id, worker(1), request);
      const news = result.kind === "claimed" ? result.news : undefined;
      assertEqual(
        news?.snapshots.map(({ id }) => id),
        published,
        "news",
      );
    },
  );

  add("the best snapshot is kept with the run until a better one", {}, async ({ store, id }) => {
    const first = await claim(store, id);
    const trained = trainedAfter(first.newest, { score: 1 });
    await publishTrained(store, first, { snapshot: trained, mayBeBest: true });
    await publishTrained(store, await claim(store, id));
    assertEqual((await store.run(id)).best, trained.id, "best");
  });

  add(
    "a best that is as good as the run's changes nothing, in either order",
    {},
    async ({ store, id }) => {
      const publish = async (score: number, memberSteps: number) => {
        const claimed = await claim(store, id);
        const trained = trainedAfter(claimed.newest, { score, memberSteps });
        await publishTrained(store, claimed, { snapshot: trained, mayBeBest: true });
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
        const own = await publishTrained(store, await claim(store, id));
        trained.push(own);
        const others: Claim[] = [];
        for (let claimed: Claim; ; others.push(claimed)) {
          claimed = await claim(store, id);
          if (claimed.member !== own.member) continue;
          const snapshot = { ...own, id: snapshotId(own.member, ordinalOf(own.id) + 1), kind };
          const decision = decisionOn(own, "copy");
          await store.publish(claimed, { kind: "rescued", decision, snapshot });
          await store.releaseMember(claimed);
          break;
        }
        for (const other of others) await store.releaseMember(other);
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
        await publishTrained(store, claimed, { snapshot: trained, decision });
        assertEqual(await store.snapshot(id, trained.id), trained, `a snapshot with ${number}`);
        const { decisions } = await store.changes(id, beginning);
        assertEqual(decisions.at(-1), decision, `a decision with ${number}`);
      }
      const claimed = await claim(store, id);
      const said: Failure = { ...failure(0, "kaputt: 🐚\n学"), stack: "Error: \u0000\n  at ö" };
      await store.recordFailure(claimed, said, "active");
      assertEqual((await store.changes(id, beginning)).failures, [said], "a failure");
    },
  );

  add(
    "a snapshot without a score has none when it is read",
    { members: 1 },
    async ({ store, id }) => {
      const { score, samples, ...trained } = trainedAfter(root(0));
      await publishTrained(store, await claim(store, id), { snapshot: trained });
      const read = await store.snapshot(id, trained.id);
      assert(!("score" in read) && !("samples" in read), "neither a score nor samples");
    },
  );
}
