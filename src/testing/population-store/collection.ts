/** Which checkpoints are kept. */
import { ordinalOf, type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import {
  type Claim,
  LeaseLostError,
  type PopulationStore,
  type RunId,
} from "../../population-store/population-store.ts";
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
          const mayBeBest = trained.id === "1.1";
          published.push(await publishTrained(store, claimed, { snapshot: trained, mayBeBest }));
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
      assertEqual(await store.begin(claimed, copied), true, "whether the copy is begun");
      assertEqual(
        await live(store, id),
        ["0/3", "0/4", "1/1", "1/3", "1/4"],
        "a copy adds the donor's to its own two",
      );
      const last = trainedAfter(copied, { checkpoint: checkpoint("0/5") });
      await publishTrained(store, claimed, { from: copied, snapshot: last });
      assertEqual(await live(store, id), ["0/4", "0/5", "1/1", "1/3", "1/4"], "the oldest goes");
    },
  );

  add(
    "what a claim goes on from is kept, and shown, until it publishes or ends",
    { members: 2 },
    async ({ store, id, clock }) => {
      const donor = await train(store, id, 1, "1/1");
      await train(store, id, 0, "0/1");
      const ends = [
        (claimed: Claim) => store.releaseMember(claimed),
        (claimed: Claim) => store.recordFailure(claimed, failure(0), "active"),
        (claimed: Claim) => store.releaseWorker(id, claimed.worker),
        async () => {
          clock.time += 60_000;
          await store.releaseMember(await claim(store, id, worker(8), 60_000, 0));
        },
      ];
      for (const [turn, end] of ends.entries()) {
        const claimed = await claim(store, id, worker(0), 60_000, 0);
        const from = copyOf(donor, claimed.newest);
        assertEqual(await store.begin(claimed, from), true, "whether it is begun");
        assertEqual((await store.members(id))[0]!.begun, from, "what is shown");
        await store.reserveCheckpoint(claimed, checkpoint("0/2"));
        assertEqual(await live(store, id), ["0/1", "0/2", "1/1"], "live");
        await end(claimed);
        assertEqual((await store.members(id))[0]!.begun, undefined, `shown after end ${turn}`);
        assertEqual(await live(store, id), ["0/1", "1/1"], "live after the end");
      }
      const claimed = await claim(store, id, worker(0), 60_000, 0);
      const from = copyOf(donor, claimed.newest);
      await store.begin(claimed, from);
      for (let generation = 2; generation <= 4; generation++)
        await train(store, id, 1, `1/${generation}`);
      assertEqual(await live(store, id), ["0/1", "1/1", "1/3", "1/4"], "the donor's stays");
      await publishTrained(store, claimed, { from });
      assertEqual((await store.members(id))[0]!.begun, undefined, "shown after it has published");
      assertEqual(await live(store, id), ["0/1", "1/1", "1/3", "1/4"], "of the trained snapshot");
    },
  );

  add(
    "a copy whose donor's checkpoint may be gone is not begun",
    { members: 2 },
    async ({ store, id }) => {
      const donor = await train(store, id, 1, "1/1");
      await train(store, id, 0, "0/1");
      const claimed = await claim(store, id, worker(0), 60_000, 0);
      const begin = () => store.begin(claimed, copyOf(donor, claimed.newest));
      for (const name of ["1/2", "1/3"]) await train(store, id, 1, name);
      assertEqual(await begin(), false, "whether it is begun");
      assertEqual((await store.members(id))[0]!.begun, undefined, "what is shown");
      assertEqual(await live(store, id), ["0/1", "1/2", "1/3"], "live");
      const explored: Snapshot = { ...claimed.newest, id: snapshotId(0, 2), kind: "explored" };
      assertEqual(await store.begin(claimed, explored), true, "one that copies nothing");
    },
  );

  add(
    "the checkpoint of a copy that was scored again is kept as long as its score counts",
    { members: 2 },
    async ({ store, id }) => {
      const donor = await train(store, id, 1, "1/1");
      await train(store, id, 0, "0/1");
      const claimed = await claim(store, id, worker(0), 60_000, 0);
      const from = copyOf(donor, claimed.newest);
      const evaluated: Snapshot = { ...from, id: snapshotId(0, 3), kind: "evaluated" };
      await store.publish(claimed, { kind: "evaluated", from, snapshot: evaluated });
      const trained = trainedAfter(evaluated, { checkpoint: checkpoint("0/2") });
      await publishTrained(store, claimed, { snapshot: trained });
      for (const name of ["1/2", "1/3"]) await train(store, id, 1, name);
      assertEqual(await live(store, id), ["0/1", "0/2", "1/1", "1/2", "1/3"], "live");
      await train(store, id, 0, "0/3");
      assertEqual(await live(store, id), ["0/2", "0/3", "1/2", "1/3"], "a generation later");
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
      assertEqual(await live(store, id), ["second"], "live after the lease, with no new claim");
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
    "one worker at a time collects, when something is new and the last turn is a while ago",
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

/** A generation of one member, which has a checkpoint of that name. */
async function train(
  store: PopulationStore,
  id: RunId,
  member: number,
  name: string,
): Promise<Snapshot> {
  const held: Claim[] = [];
  for (;;) {
    const claimed = await claim(store, id, worker(9));
    if (claimed.member !== member) {
      held.push(claimed);
      continue;
    }
    const snapshot = trainedAfter(claimed.newest, { checkpoint: checkpoint(name) });
    await publishTrained(store, claimed, { snapshot });
    for (const other of held) await store.releaseMember(other);
    return snapshot;
  }
}

function copyOf(donor: Snapshot, { id, member }: Snapshot): Snapshot {
  return {
    ...donor,
    id: snapshotId(member, ordinalOf(id) + 1),
    member,
    kind: "copied",
    parent: donor.id,
    donor: donor.id,
  };
}
