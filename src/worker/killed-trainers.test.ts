import { memoryPopulationStore } from "clade";
import { expect, test } from "vitest";
import {
  beginning,
  type PopulationStore,
  type RunId,
} from "../population-store/population-store.ts";
import { run } from "../run/run.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import { climbing, simulatedRun, sound, states } from "./simulated-run.test-support.ts";

/** A session whose trainer is killed from outside, as often as `kills` says so. */
function killed(kills: () => boolean): TrainerSession {
  const session = sound();
  return {
    ...session,
    async train(generation) {
      const steps = await session.train(generation);
      if (kills()) throw new TrainerError("was killed from outside", "", { kind: "outside" });
      return steps;
    },
  };
}

const published = async (store: PopulationStore, id: RunId) => {
  const { snapshots, decisions } = await store.changes(id, beginning, 100_000);
  const plain = snapshots.map(({ publishedAt, worker, ...snapshot }) => snapshot);
  const byId = (one: { readonly id: string }, other: { readonly id: string }) =>
    one.id < other.id ? -1 : 1;
  return {
    snapshots: plain.toSorted(byId),
    decisions: new Set(decisions.map((each) => JSON.stringify(each))),
  };
};

test("a trainer that is killed repeatedly changes no result of a synchronous run", async () => {
  const synchronous = climbing({ synchronous: true });
  const quiet = memoryPopulationStore();
  const { run: undisturbed } = await run(synchronous, { populationStore: quiet, seed: 1 });
  const { join, store, id, seen } = await simulatedRun(synchronous, 36_000);
  let trained = 0;
  await Promise.all(
    [1, 2].map((worker) =>
      join(
        `${worker}`,
        killed(() => ++trained % 3 === 0),
      ),
    ),
  );
  const { failures } = await seen();
  expect(failures.length).toBeGreaterThan(6);
  expect(failures.every(({ cause, against }) => cause === "outside" && against !== "member")).toBe(
    true,
  );
  expect(await published(store, id)).toEqual(await published(quiet, undisturbed));
});

test("the time that a killed member trained does not count against its patience", async () => {
  const { join, seen, world } = await simulatedRun(
    climbing({ population: 2, initial: [{ rate: 0.5 }] }),
    600,
  );
  const session = sound();
  let kills = 0;
  const longGenerations: TrainerSession = {
    ...session,
    async train(generation) {
      if (generation.hyperparameters.rate !== 0.5 || ++kills > 3)
        return await session.train(generation);
      await world.pause(1_200_000);
      throw new TrainerError("was killed from outside", "", { kind: "outside" });
    },
  };
  await join("only", longGenerations);
  const { run, failures, decisions } = await seen();
  expect(run.state.kind).toBe("done");
  expect(failures).toHaveLength(3);
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toEqual([]);
});

test("a rescue in a synchronous run waits for a donor that was killed from outside", async () => {
  const synchronous = climbing({ synchronous: true, initial: [{ rate: 0.5 }, { rate: 1 }] });
  /** Member 0 fails by itself, and member 1, the best, is killed so often. */
  const result = async (kills: number) => {
    const { join, store, id, seen } = await simulatedRun(synchronous, 36_000);
    const session = sound();
    let member = -1;
    const failing: TrainerSession = {
      ...session,
      async start(turn) {
        ({ member } = turn);
        await session.start(turn);
      },
      async train(generation) {
        const { rate } = generation.hyperparameters;
        if (member === 0 && rate === 0.5) throw new TrainerError("does not fit", "");
        if (member === 1 && rate === 1 && generation.generation === 0 && kills-- > 0)
          throw new TrainerError("was killed from outside", "", { kind: "outside" });
        return await session.train(generation);
      },
    };
    await join("only", failing);
    const { decisions, failures } = await seen();
    expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toHaveLength(1);
    return { published: await published(store, id), failures: failures.length };
  };
  const undisturbed = await result(0);
  const disturbed = await result(4);
  expect([undisturbed.failures, disturbed.failures]).toEqual([2, 6]);
  expect(disturbed.published).toEqual(undisturbed.published);
});

test("a member that is killed every time is rescued when the patience is over", async () => {
  const { join, seen } = await simulatedRun(
    climbing({ population: 3, initial: [{ rate: 0.5 }] }),
    20,
  );
  const session = sound();
  const tooLarge: TrainerSession = {
    ...session,
    async train(generation) {
      if (generation.hyperparameters.rate === 0.5)
        throw new TrainerError("was killed from outside", "", { kind: "outside" });
      return await session.train(generation);
    },
  };
  await join("only", tooLarge);
  const { run, members, failures, decisions, snapshots } = await seen();
  expect(run.state.kind).toBe("done");
  expect(states(members)).toEqual(Array(3).fill("finished"));
  const [rescue, ...others] = decisions.filter(({ reason }) => reason.text.startsWith("rescued"));
  expect([rescue!.member, others]).toEqual([0, []]);
  const rescued = snapshots.find(({ member, kind }) => member === 0 && kind === "copied")!;
  expect(rescued.publishedAt - failures[0]!.at).toBeGreaterThanOrEqual(20_000);
});
