/** What is read: changes, histories, snapshots, and waiting for them. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import {
  type Snapshot,
  type SnapshotId,
  snapshotId,
  type TreeSnapshot,
} from "../../algorithm/snapshot.ts";
import { beginning, SnapshotNotFoundError } from "../../population-store/population-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import {
  type Add,
  claim,
  decisionOn,
  failure,
  publishTrained,
  root,
  trainedAfter,
  worker,
} from "./scene.ts";

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** The facts of the tree, without what else a store may give with them. */
function treeSnapshotOf(given: TreeSnapshot): TreeSnapshot {
  const {
    id,
    member,
    kind,
    parent,
    donor,
    generation,
    step,
    memberSteps,
    hyperparameters,
    score,
  } = given;
  return {
    ...{ id, member, kind, generation, step, memberSteps, hyperparameters },
    ...(parent !== undefined && { parent }),
    ...(donor !== undefined && { donor }),
    ...(score !== undefined && { score }),
  };
}

export function readCases(add: Add): void {
  add("the present and its place miss nothing and repeat nothing", {}, async ({ store, id }) => {
    await publishTrained(store, await claim(store, id));
    const { snapshots, cursor } = await store.present(id);
    assertEqual(
      snapshots,
      (await store.members(id)).map(({ newest }) => newest),
      "present",
    );
    const later = await publishTrained(store, await claim(store, id));
    const changes = await store.changes(id, { ...beginning, snapshots: cursor });
    assertEqual(
      changes.snapshots.map((snapshot) => snapshot.id),
      [later.id],
      "changes after it",
    );
  });

  add(
    "changes come oldest first, at most a given number of each kind, and never twice",
    {},
    async (scene) => {
      const { store, id } = scene;
      for (let turn = 0; turn < 7; turn++) {
        const claimed = await claim(store, id);
        if (turn % 3 === 1)
          await store.recordFailure(claimed, failure(claimed.member, `${turn}`), "active");
        else
          await publishTrained(store, claimed, { decision: decisionOn(claimed.newest, "keep") });
      }
      const all = await store.changes(id, beginning);
      assertEqual(
        [all.snapshots.length, all.decisions.length, all.failures.length],
        [8, 5, 2],
        "changes",
      );
      const pages = [];
      for (let cursor = beginning; ; ) {
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
      assertEqual(
        after,
        { snapshots: [], decisions: [], failures: [], cursor: all.cursor },
        "after the end",
      );
    },
  );

  add(
    "decisions come newest first: all, a member's, or only those that did more than go on",
    {},
    async (scene) => {
      const { store, id } = scene;
      const told: Decision[] = [];
      for (let turn = 0; turn < 300; turn++) {
        const claimed = await claim(store, id);
        const decision = decisionOn(claimed.newest, turn % 50 === 7 ? "copy" : "keep");
        const recovered = {
          ...decision,
          reason: { text: "recovered from snapshot 1.1", numbers: {} },
        };
        told.push(turn % 50 === 8 ? recovered : decision);
        await publishTrained(store, claimed, { decision: told.at(-1)! });
      }
      assertEqual(await collected(store.decisions(id)), told.toReversed(), "all");
      const ofMember = told.filter(({ member }) => member === 1).toReversed();
      assertEqual(await collected(store.decisions(id, { member: 1 })), ofMember, "of a member");
      const notable = told.filter((_, turn) => turn % 50 === 7 || turn % 50 === 8).toReversed();
      assertEqual(
        await collected(store.decisions(id, { notable: true })),
        notable,
        "notable ones",
      );
      assertEqual(
        await collected(store.decisions(id, { notable: true, member: 2 })),
        notable.filter(({ member }) => member === 2),
        "notable ones of a member",
      );
      assertEqual(await store.decisionCounts(id), { keep: 294, copy: 6 }, "counts");
    },
  );

  add(
    "the tree has every snapshot once, in the order of publication",
    { members: 2 },
    async (scene) => {
      const { store, id } = scene;
      for (let turn = 0; turn < 3; turn++) await publishTrained(store, await claim(store, id));
      const claimed = await claim(store, id);
      const copy: Snapshot = {
        ...trainedAfter(claimed.newest, {
          kind: "copied",
          donor: snapshotId(0, 1),
          parent: snapshotId(0, 1),
        }),
        hyperparameters: { learningRate: 0.3, momentum: undefined, λ: "ädäm" },
        score: 0.25,
      };
      await publishTrained(store, claimed, { from: copy });
      for (let turn = 0; turn < 1_100; turn++) await publishTrained(store, await claim(store, id));
      const expected = [];
      for (let cursor = beginning; ; ) {
        const { snapshots, cursor: next } = await store.changes(id, cursor);
        if (snapshots.length === 0) break;
        expected.push(...snapshots.map(treeSnapshotOf));
        cursor = next;
      }
      const pages = await collected(store.tree(id));
      assertEqual(pages.flat().map(treeSnapshotOf), expected, "the tree");
    },
  );

  add(
    "a member's history comes newest first, down to its root",
    { members: 2 },
    async ({ store, id }) => {
      for (let turn = 0; turn < 6; turn++) await publishTrained(store, await claim(store, id));
      const ids: SnapshotId[] = [];
      for await (const snapshot of store.history(id, 1)) ids.push(snapshot.id);
      assertEqual(ids, ["1.3", "1.2", "1.1", "1.0"], "history");
      for await (const snapshot of store.history(id, 0)) {
        assertEqual(snapshot, await store.snapshot(id, snapshot.id), "a snapshot by its id");
      }
    },
  );

  add("a snapshot that is not in the run is not found", {}, async ({ store, id }) => {
    assertEqual(await store.snapshot(id, snapshotId(2, 0)), root(2), "a root");
    for (const missing of [snapshotId(2, 1), snapshotId(3, 0), "x" as SnapshotId]) {
      await assertRejects(store.snapshot(id, missing), SnapshotNotFoundError, missing);
    }
  });

  add(
    "waiting ends with a change, with its time, or with the signal",
    {},
    async ({ store, id }) => {
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
    },
  );
}
