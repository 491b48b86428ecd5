/**
 * A worker process of a machine, for fault tests. It reports what it saw published. `FAULT_WORKER`
 * is its `Task`, `CLADE_STORE` the database.
 */
import { LocalCache } from "../../src/checkpoint-store/objects/local-cache.ts";
import { objectCheckpointStore } from "../../src/checkpoint-store/objects/object-checkpoint-store.ts";
import { openStorage } from "../../src/checkpoint-store/open.ts";
import { appendedBy } from "../../src/population-store/member-lifecycle.ts";
import type { ClaimResult, PopulationStore } from "../../src/population-store/population-store.ts";
import { postgresPopulationStore } from "../../src/population-store/postgres/postgres-population-store.ts";
import { sessionOf } from "../../src/trainer/session-of.ts";
import { work } from "../../src/worker/worker.ts";
import { walkExperiment } from "../walk/walk-experiment.ts";
import type { Task, Told } from "./task.ts";

const {
  run: id,
  worker,
  checkpoints,
  cache,
  trainer,
  leaseMs,
  settleMs,
} = JSON.parse(process.env.FAULT_WORKER!) as Task;
const tell = (told: Told) => process.connected && process.send!(told);
const leave = new AbortController();
process.once("SIGTERM", () => leave.abort());
process.once("disconnect", () => process.exit());

const waiting = { tellWaiting: () => {} };
await using populationStore = await postgresPopulationStore(process.env.CLADE_STORE!, waiting);
const run = await populationStore.run(id);
const { population, budget, synchronous } = run.experiment;
const experiment = walkExperiment({
  population,
  stepsPerMember: budget.stepsPerMember!,
  synchronous,
  trainer,
});
const storage = await openStorage(checkpoints, waiting);
await using checkpointStore = objectCheckpointStore(
  storage,
  id,
  new LocalCache({ directory: cache }),
  {
    settleMs,
  },
);

/** Reports a publication once it is certain. */
const telling: PopulationStore = {
  ...populationStore,
  async publish(claim, publication, next) {
    const result = await populationStore.publish(claim, publication, next);
    const snapshots = appendedBy(publication).snapshots.map(({ id, checkpoint }) => ({
      id,
      ...(checkpoint && { checkpoint }),
    }));
    tell({ kind: "published", snapshots });
    tellOfClaim(result);
    return result;
  },
  async claimMember(...given) {
    const result = await populationStore.claimMember(...given);
    tellOfClaim(result);
    return result;
  },
};

function tellOfClaim(result: ClaimResult | undefined): void {
  if (result?.kind === "claimed")
    tell({
      kind: "claimed",
      member: result.claim.member,
      fencingToken: result.claim.fencingToken,
    });
}

tell({ kind: "working", at: Date.now() });
await work({
  worker,
  run,
  experiment,
  populationStore: telling,
  checkpointStore,
  session: sessionOf(experiment.trainer),
  signal: leave.signal,
  leaseMs,
});
process.removeAllListeners("disconnect");
process.disconnect?.();
