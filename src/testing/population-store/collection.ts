/** Which checkpoints are kept. */
import { type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import { type Claim, LeaseLostError } from "../../population-store/population-store.ts";
import { assertEqual, assertRejects } from "../assert.ts";
import {
  type Add,
  checkpoint,
  claim,
  failure,
  live,
  publishTrained,
  trainedAfter,
  worker,
} from "./scene.ts";

export function collectionCases(add: Add): void {
  add(
    "collection keeps what is needed, and nothing else",
    { members: 2 },
    async ({ store, id }) => {
      assertEqual(await live(store, id), [], "live at first");
      const published: Snapshot[] = [];
      for (let generation = 1; generation <= 4; generation++) {
        for (let member = 0; member < 2; member++) {
          const claimed = await claim(store, id);
          const trained = trainedAfter(claimed.newest, {
            checkpoint: checkpoint(`${member}/${generation}`),
          });
          const best = trained.id === "1.1" ? { best: trained.id } : {};
          await store.publish(claimed, 0, () => ({
            snapshots: [trained],
            member: "active",
            ...best,
          }));
          published.push(trained);
        }
      }
      assertEqual(
        await live(store, id),
        ["0/3", "0/4", "1/1", "1/3", "1/4"],
        "last two trained, and the best",
      );
      const claimed = await claim(store, id);
      const copied: Snapshot = {
        ...published.at(-1)!,
        id: snapshotId(0, 5),
        member: 0,
        kind: "copied",
        parent: published.at(-1)!.id,
      };
      await store.publish(claimed, 0, () => ({
        snapshots: [copied],
        member: "active",
        keepClaim: true,
      }));
      assertEqual(
        await live(store, id),
        ["0/3", "0/4", "1/1", "1/3", "1/4"],
        "a copy adds the donor's to its own two",
      );
      const last = trainedAfter({ ...copied, checkpoint: checkpoint("0/5") });
      await store.publish(claimed, 0, () => ({ snapshots: [last], member: "active" }));
      assertEqual(await live(store, id), ["0/4", "0/5", "1/1", "1/3", "1/4"], "the oldest goes");
    },
  );

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
      await assertRejects(
        store.reserveCheckpoint(first, checkpoint("late")),
        LeaseLostError,
        "reserve",
      );
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

  add(
    "one worker at a time takes the turn to collect, when something is new and the last is some time ago",
    { members: 1 },
    async ({ store, id, clock }) => {
      const publish = async () => void (await publishTrained(store, await claim(store, id)));
      const turns = async () => [
        await store.takeCollection(id, 2000),
        await store.takeCollection(id, 0),
      ];
      await publish();
      clock.time += 2000;
      assertEqual(await turns(), [true, false], "the first turn, and one when nothing is new");
      await publish();
      clock.time += 1999;
      assertEqual(await turns(), [false, true], "a turn too early, and one that need not rest");
      clock.time += 5000;
      assertEqual(await turns(), [false, false], "turns when nothing is new");
    },
  );

  add(
    "a sweep that throws is the caller's error, and the store goes on",
    {},
    async ({ store, id }) => {
      class Mistake extends Error {}
      const sweep = () => {
        throw new Mistake("in sweep");
      };
      await assertRejects(store.collect(id, sweep), Mistake, "collect");
      await publishTrained(store, await claim(store, id));
    },
  );
}
