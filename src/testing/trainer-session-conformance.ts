/**
 * Every promise of `trainer-session.ts`, as cases that run against the session of any trainer
 * whose training follows from its seed.
 */
import { everySteps } from "../algorithm/ready/every-steps.ts";
import { readyWhen } from "../algorithm/ready/ready-when.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import type { Generation, SavedState, TrainerSession, Turn } from "../trainer/trainer-session.ts";
import { assert, assertEqual, type ConformanceCase } from "./assert.ts";

/** What the suite has to know of the trainer. */
export interface TrainerSessionOptions {
  /** A metric that every step changes. */
  readonly metric: string;
  /** Two sets of hyperparameters that train differently. */
  readonly hyperparameters: readonly [Hyperparameters, Hyperparameters];
}

/** What every kind of trainer promises. `open` makes a session of the same trainer each time. */
export function trainerSessionConformance(
  open: () => TrainerSession,
  { metric, hyperparameters: [some, other] }: TrainerSessionOptions,
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (
    name: string,
    check: (session: TrainerSession, another: () => TrainerSession) => Promise<void>,
  ) =>
    cases.push({
      name,
      run: async () => {
        const sessions: TrainerSession[] = [];
        const another = () => {
          const session = open();
          sessions.push(session);
          return session;
        };
        try {
          await check(another(), another);
        } finally {
          for (const session of sessions) await session.dispose();
        }
      },
    });
  const turn: Turn = { member: 0, seed: 1, hyperparameters: some };
  const score = async (session: TrainerSession) =>
    (await session.evaluate(false))[metric] as number;

  add("a fresh trainer can be evaluated, saved and restored before any step", async (session) => {
    await session.start(turn);
    const fresh = await score(session);
    assert(Number.isFinite(fresh), `the metric ${metric} of fresh weights is ${fresh}`);
    await session.restore(await session.save(), turn);
    assertEqual(await score(session), fresh, "after restore");
  });

  add(
    "a generation of a given length is trained, and no more than the budget has left",
    async (session) => {
      await session.start(turn);
      assertEqual(await session.train(generation(some, 3)), 3, "steps of a generation of 3");
      assertEqual(
        await session.train({ ...generation(some, 5), stepsLeft: 2 }),
        2,
        "steps with 2 left",
      );
      const ready = readyWhen(
        ({ stepsInGeneration, step }) => stepsInGeneration >= 2 && step >= 14,
      );
      assertEqual(
        await session.train({ ...generation(some, 1), step: 10, ready }),
        4,
        "steps up to step 14",
      );
    },
  );

  add("training changes the score, evaluating does not", async (session) => {
    await session.start(turn);
    const fresh = await score(session);
    await session.train(generation(some, 3));
    const trained = await score(session);
    assert(trained !== fresh, `after 3 steps the score is ${fresh} as before`);
    assertEqual(await score(session), trained, "evaluated again");
  });

  add(
    "what one session saved another goes on from, any number of times",
    async (session, another) => {
      await session.start(turn);
      await session.train(generation(some, 3));
      const trained = await score(session);
      const saved = await session.save();
      const second = another();
      await second.restore(saved, turn);
      assertEqual(await score(second), trained, "restored elsewhere");
      await second.train(generation(some, 2));
      const onward = await score(second);
      await second.restore(saved, turn);
      assertEqual(await score(second), trained, "restored again");
      await second.train(generation(some, 2));
      assertEqual(await score(second), onward, "trained on again");
    },
  );

  add("what was saved does not change when training goes on", async (session) => {
    await session.start(turn);
    await session.train(generation(some, 2));
    const saved = await session.save();
    const content = contentOf(saved);
    await session.train(generation(some, 2));
    await session.save();
    assertEqual(contentOf(saved), content, "files after training on");
  });

  add(
    "fresh weights are fresh whatever was trained before, and follow from the seed",
    async (session, another) => {
      await session.start(turn);
      const fresh = await score(session);
      await session.train(generation(some, 3));
      const trained = await score(session);
      await session.start({ ...turn, member: 1, seed: 2 });
      await session.start(turn);
      assertEqual(await score(session), fresh, "started again");
      const second = another();
      await second.start(turn);
      await second.train(generation(some, 3));
      assertEqual(await score(second), trained, "the same seed elsewhere");
    },
  );

  add(
    "other hyperparameters train differently, after a start and after a restore",
    async (session) => {
      const trained: number[] = [];
      for (const hyperparameters of [some, other]) {
        await session.start({ ...turn, hyperparameters });
        await session.train(generation(hyperparameters, 2));
        trained.push(await score(session));
      }
      assert(trained[0] !== trained[1], `after a start both train to ${trained[0]}`);
      const saved = await session.save();
      trained.length = 0;
      for (const hyperparameters of [some, other]) {
        await session.restore(saved, { ...turn, hyperparameters });
        await session.train(generation(hyperparameters, 2));
        trained.push(await score(session));
      }
      assert(trained[0] !== trained[1], `after a restore both train to ${trained[0]}`);
    },
  );

  add(
    "a generation that must not go on ends with what said so, and the session can be used again",
    async (session) => {
      await session.start(turn);
      const stop = new Error("the lease was lost");
      session.interruptWith(() => {
        throw stop;
      });
      const ready = readyWhen(() => false);
      const ended = await session
        .train({ ...generation(some, 1), ready })
        .catch((error: unknown) => error);
      assert(ended === stop, `training ended with ${String(ended)}`);
      session.interruptWith(() => {});
      await session.start(turn);
      assert(Number.isFinite(await score(session)), "the score after it");
    },
  );

  add("a session can be disposed of twice, and be started again", async (session) => {
    await session.start(turn);
    await session.dispose();
    await session.dispose();
    await session.start(turn);
    assert(Number.isFinite(await score(session)), "the score of a session that was disposed of");
  });
  return cases;
}

function generation(hyperparameters: Hyperparameters, steps: number): Generation {
  const budget = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  return { ...budget, hyperparameters, step: 0, generation: 0, ready: everySteps(steps) };
}

function contentOf(saved: SavedState): Record<string, string> {
  assert("files" in saved, "a session that is given no directory saves files");
  return Object.fromEntries(Array.from(saved.files, ([name, bytes]) => [name, bytes.join()]));
}
