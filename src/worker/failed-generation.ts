/**
 * What happens to a claim whose generation did not finish:
 *
 *     a checkpoint cannot be read           the member goes back to an older snapshot
 *     the trainer has failed                the failure is kept, with whom it counts against
 *     the claim is lost                     nothing: what was done is dropped
 *     asked to stop, or the run is gone     the member is given back
 *     anything else, as a store being away  the member is given back, and the worker ends
 */
import { CheckpointError, type CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import {
  type Claim,
  type Failure,
  LeaseLostError,
  type PopulationStore,
  RunNotFoundError,
} from "../population-store/population-store.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import type { Clock } from "./clock.ts";
import type { Attempt } from "./generation.ts";
import type { HeldTrainer } from "./held-trainer.ts";
import { Interruption } from "./interruption.ts";
import { recovery } from "./recovery.ts";
import { type Failed, type SelfTrial, trySelf } from "./self-trial.ts";
import type { Suspicion } from "./sitting-out.ts";
import { blamed, pauseMs } from "./standing.ts";
import { storedFailure } from "./stored-failure.ts";
import { failuresOf, type Onlooker, recordFailure } from "./trouble.ts";

export interface Failing {
  readonly populationStore: PopulationStore;
  readonly checkpointStore: CheckpointStore;
  readonly session: TrainerSession;
  readonly trainer: HeldTrainer;
  readonly trial: SelfTrial;
  readonly onlooker: Onlooker;
  readonly device?: string | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The members that have failed on this worker since its last success. */
  readonly failedHere: Set<number>;
  readonly onFailure: (failure: Failure) => void;
}

/** If the worker's own trial fails, too, resolves why it has to sit out. */
export async function afterError(
  failing: Failing,
  claim: Claim,
  attempt: Attempt,
  error: unknown,
): Promise<Suspicion | undefined> {
  const { populationStore, checkpointStore } = failing;
  if (error instanceof LeaseLostError) return undefined;
  if (error instanceof TrainerError) return await afterFailure(failing, claim, attempt, error);
  if (error instanceof CheckpointError) {
    const publication = await recovery(populationStore, checkpointStore, claim, error);
    await populationStore.publish(claim, publication);
    return undefined;
  }
  await populationStore.releaseMember(claim).catch(() => {});
  if (error instanceof Interruption || error instanceof RunNotFoundError) return undefined;
  throw error;
}

async function afterFailure(
  failing: Failing,
  claim: Claim,
  attempt: Attempt,
  error: TrainerError,
): Promise<Suspicion | undefined> {
  const { populationStore, session, signal, onlooker, device, trainer, clock } = failing;
  const { worker } = onlooker;
  const { phase, trainedMs } = trainer;
  await session.dispose().catch(() => {});
  // A scheduler may signal every process of a job, so a trainer that ends with its worker has not
  // failed.
  const isLeaving = () => signal.aborted;
  if (isLeaving()) return void (await populationStore.releaseMember(claim));
  const failed = { member: claim.member, phase, trainedMs };
  const tried = await tryItself(failing, error, failed);
  if (isLeaving()) return void (await populationStore.releaseMember(claim));
  const before = await failuresOf(onlooker, claim);
  const { newest, hyperparameters, isWithoutDonor } = attempt;
  const failure: Failure = {
    member: claim.member,
    generation: newest.generation,
    snapshot: newest.id,
    hyperparameters,
    worker,
    ...(device !== undefined && { device }),
    phase,
    cause: error.kind,
    against: blamed({ worker, cause: error.kind }, tried?.error !== undefined, before),
    at: clock.now(),
    ...storedFailure(claim.member, error, console.error),
  };
  await recordFailure(onlooker, claim, failure, before, isWithoutDonor);
  failing.onFailure(failure);
  return tried?.error && { failure, failed, error: tried.error, hasTrained: tried.hasTrained };
}

/** Tests whether a failure is the worker's fault, if it may be. */
async function tryItself(
  { failedHere, onlooker, clock, signal, trial }: Failing,
  { kind }: TrainerError,
  failed: Failed,
) {
  failedHere.add(failed.member);
  const mayBeOwn = kind === "trainer" || (kind === "outside" && failedHere.size > 1);
  if (onlooker.patienceMs === 0 || !mayBeOwn) return undefined;
  // What the failed trainer held, such as a port or a GPU's memory, may take a moment to become
  // free.
  await clock.pause(pauseMs(1), signal);
  return signal.aborted ? undefined : await trySelf(trial, failed, 0);
}
