import { choice, constant, perturb, uniform } from "clade";
import { expect, test } from "vitest";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import { Climber, climbing, simulatedRun } from "./simulated-run.test-support.ts";

/** Uses a rate of at most half the cap, and says so. */
function adjusting(): TrainerSession {
  const session = inProcessSession(Climber);
  let adjusted: Hyperparameters | undefined;
  const used = ({ rate, cap }: Hyperparameters) => ({
    rate: Math.min(rate as number, (cap as number) / 2),
    cap: cap as number,
  });
  return {
    ...session,
    hyperparameters: "with restore",
    get adjusted() {
      return adjusted;
    },
    start(turn) {
      adjusted = used(turn.hyperparameters);
      return session.start({ ...turn, hyperparameters: adjusted });
    },
    restore(checkpoint, turn) {
      adjusted = used(turn.hyperparameters);
      return session.restore(checkpoint, { ...turn, hyperparameters: adjusted });
    },
  };
}

test("what a trainer uses instead is recorded, and explored from", async () => {
  const experiment = climbing({
    hyperparameters: { rate: uniform(0, 1), cap: uniform(0, 1) },
    explore: perturb({ factors: [1.2], resampleProbability: 0 }),
    exploreEvery: "generation",
  });
  const { join, seen } = await simulatedRun(experiment);
  await join("w0", adjusting());
  const { snapshots, run } = await seen();
  expect(run.state.kind).toBe("done");
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const heights = new Map<string, number>();
  let adjustments = 0;
  for (const { id, kind, parent, hyperparameters, metrics } of snapshots) {
    const { rate, cap } = hyperparameters as { rate: number; cap: number };
    if (kind === "trained") {
      expect(rate).toBeLessThanOrEqual(cap / 2);
      if (byId.get(parent!)!.hyperparameters.rate !== rate) adjustments++;
      // It is what trained the model.
      const before = heights.get(parent!) ?? byId.get(parent!)!.metrics.height ?? 0;
      expect(metrics.height).toBeCloseTo(before + 5 * rate, 9);
      heights.set(id, metrics.height!);
    } else if (kind === "explored") {
      const from = byId.get(parent!)!.hyperparameters as { rate: number };
      expect(rate).toBeCloseTo(Math.min(1, 1.2 * from.rate), 9);
    }
  }
  expect(adjustments).toBeGreaterThan(3);
});

test("what the search space does not have is one clear failure of the member", async () => {
  const experiment = climbing({
    hyperparameters: { rate: choice(0.25, 0.75), cap: constant(1) },
    explore: perturb(),
  });
  const { join, seen } = await simulatedRun(experiment, 0);
  await join("w0", adjusting());
  const { failures } = await seen();
  expect(failures[0]!.message).toBe(
    "member 0: uses rate = 0.5 instead, which its search space does not have; widen the space, " +
      "or let the trainer use one of its values",
  );
});
