/**
 * Fills a SQLite store with a run as workers leave it, only faster: rows go to the tables
 * directly, in one transaction. Scores are a random walk, the bottom fifth copies the top fifth
 * after each generation, and one generation in 5,000 fails.
 */
import { DatabaseSync } from "node:sqlite";
import {
  choice,
  conditional,
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  uniform,
} from "clade";
import type { Decision } from "../../src/algorithm/population-based-training.ts";
import { type Random, randomStream } from "../../src/algorithm/random.ts";
import {
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
} from "../../src/algorithm/snapshot.ts";
import type { RunId } from "../../src/population-store/population-store.ts";
import { decisions, snapshotValues } from "../../src/population-store/rows.ts";
import { sqlitePopulationStore } from "../../src/population-store/sqlite/sqlite-population-store.ts";
import { createRun } from "../../src/run/create-run.ts";

const worker = "bench-host:1234:0123456789ab";
const generationMs = 50;

class Unused {
  step() {}
  evaluate() {
    return { accuracy: 0 };
  }
  save() {
    return {};
  }
  restore() {}
}

/** Resolves the run's id. It is running, so that a writer can go on with it. */
export async function makeRun(path: string, members: number, snapshots: number): Promise<RunId> {
  const experiment = defineExperiment({
    name: "million",
    population: members,
    hyperparameters: {
      rate: logUniform(1e-4, 1),
      optimizer: choice("sgd", "adam"),
      momentum: conditional("optimizer", "sgd", uniform(0, 0.99)),
    },
    objective: maximize("accuracy"),
    ready: everySteps(100),
    budget: { stepsPerMember: 1e9 },
    trainer: Unused,
  });
  await using store = sqlitePopulationStore(path);
  const { id } = await createRun(store, experiment, 1);
  const newest = [...(await store.present(id)).snapshots];
  using database = new DatabaseSync(path);
  const { key } = database.prepare("SELECT key FROM runs WHERE id = ?").get(id) as { key: number };
  const insertSnapshot = database.prepare(
    `INSERT INTO snapshots (run, member, ordinal, kind, parent, donor, generation, step,
       member_steps, hyperparameters, checkpoint, score, samples, metrics, worker, published_at)
     VALUES (${Array(16).fill("?").join(", ")})`,
  );
  const insertDecision = database.prepare(
    `INSERT INTO decisions (run, member, generation, snapshot, kind, donor, weights,
       hyperparameters, reason)
     VALUES (${Array(9).fill("?").join(", ")})`,
  );
  const insertFailure = database.prepare(
    `INSERT INTO failures (run, member, generation, worker, at, message, stack)
     VALUES (${Array(7).fill("?").join(", ")})`,
  );
  const random = randomStream(1, "million");
  const begin = Math.round(Date.now() - snapshots * generationMs);
  let count = members;
  let best: Snapshot | undefined;

  function publish(snapshot: Snapshot): void {
    newest[snapshot.member] = snapshot;
    const publishedAt = Math.round(begin + count++ * generationMs);
    insertSnapshot.run(key, ...snapshotValues(snapshot), worker, publishedAt);
  }

  database.exec("BEGIN");
  for (let generation = 1; count < snapshots; generation++) {
    for (const before of [...newest]) {
      const accuracy = (before.score ?? 0) + (random.uniform() * 1.8 - 0.8) / 1000;
      const trained: Snapshot = {
        ...before,
        id: after(before),
        kind: "trained",
        parent: before.id,
        generation,
        step: before.step + 100,
        memberSteps: before.memberSteps + 100,
        checkpoint: checkpoint(random),
        score: accuracy,
        metrics: { accuracy, loss: 1 - accuracy },
      };
      const { donor, ...published } = trained;
      publish(published);
      if (!best || accuracy > best.score!) best = published;
      if (random.integer(5_000) === 0)
        insertFailure.run(
          key,
          before.member,
          generation,
          worker,
          begin,
          "CUDA out of memory",
          "at train.py:12\n".repeat(20),
        );
    }
    const ranked = [...newest].sort((a, b) => b.score! - a.score!);
    const fifth = Math.floor(members / 5);
    for (const [place, trained] of ranked.entries()) {
      const isCopy = place >= members - fifth;
      const from = ranked[random.integer(fifth)]!;
      decide(trained, place, isCopy ? from : undefined);
    }
  }

  function decide(trained: Snapshot, place: number, from: Snapshot | undefined): void {
    const { id: snapshot, member, generation, memberSteps } = trained;
    const text = from
      ? `rank ${place + 1} of ${members} is in the bottom 20%, and member ${from.member} is ` +
        "in the top 20%"
      : `rank ${place + 1} of ${members} is not in the bottom 20%`;
    const decision: Decision = {
      snapshot,
      member,
      generation,
      kind: from ? "copy" : "keep",
      ...(from && { donor: from.id }),
      weights: from !== undefined,
      hyperparameters: from !== undefined,
      reason: { text, numbers: { rank: place + 1, population: members } },
    };
    insertDecision.run(key, ...decisions.values(decision));
    if (!from) return;
    const rate = Math.min(
      1,
      Math.max(
        1e-4,
        (from.hyperparameters.rate as number) * (random.integer(2) === 0 ? 0.8 : 1.2),
      ),
    );
    const hyperparameters = { ...from.hyperparameters, rate };
    publish({
      ...from,
      id: after(trained),
      member,
      kind: "copied",
      parent: from.id,
      donor: from.id,
      generation,
      memberSteps,
      hyperparameters,
    });
  }

  const setMember = database.prepare(
    "UPDATE members SET generation = ?, steps = ?, newest = ? WHERE run = ? AND member = ?",
  );
  for (const { member, generation, memberSteps, id: snapshot } of newest)
    setMember.run(generation, memberSteps, ordinalOf(snapshot), key, member);
  database.prepare("UPDATE runs SET best = ? WHERE key = ?").run(best!.id, key);
  database.exec("COMMIT");
  return id;
}

function checkpoint(random: Random): CheckpointId {
  const parts = Array.from({ length: 8 }, () =>
    random
      .integer(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  );
  return parts.join("") as CheckpointId;
}

function after({ member, id }: Snapshot): SnapshotId {
  return snapshotId(member, ordinalOf(id) + 1);
}
