/**
 * Decides about a local worker whose event loop is blocked, from the process that started it. The
 * worker may continue while its work can still be of use. It is killed if the trainer has blocked
 * it for too long, if another worker has taken its member, and if its run has ended or it was
 * asked to leave.
 */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import {
  type Claim,
  type Failure,
  type PopulationStore,
  type RunId,
  RunNotFoundError,
  type WorkerId,
} from "../../population-store/population-store.ts";
import type { Hang } from "../../worker/hang.ts";
import { defaultLeaseMs } from "../../worker/leases.ts";
import { defaultPatienceMs } from "../../worker/standing.ts";
import { failuresOf, isRescueDue, recordFailure, troubleOfMember } from "../../worker/trouble.ts";
import type { Blocked } from "./watchdog.ts";

export interface BlockedWorkerOptions {
  readonly run: RunId;
  readonly worker: WorkerId;
  /** The GPU that it sees. */
  readonly device: string | undefined;
  readonly populationStore: PopulationStore;
  readonly stepTimeoutSeconds: number;
  readonly patienceSeconds?: number | undefined;
  /** Whether all workers have been asked to leave. */
  readonly isStopping: () => boolean;
}

/** Why a blocked worker is killed. */
export type Verdict =
  | { readonly kind: "hung"; readonly blocked: Blocked }
  | { readonly kind: "lease lost"; readonly blocked: Blocked }
  | { readonly kind: "ended" };

/** The minimum time between two store queries about one blocked worker. */
const lookMs = (members: number) => Math.max(1_000, 10 * members);

/** Resolves why to kill the worker; undefined if its reports have ended with it. */
export async function blockedWorker(
  reports: Readable,
  options: BlockedWorkerOptions,
): Promise<Verdict | undefined> {
  let lookAgainAt = 0;
  for await (const line of createInterface({ input: reports })) {
    const blocked = JSON.parse(line) as Blocked;
    if (blocked.blockedMs > 1000 * options.stepTimeoutSeconds) return { kind: "hung", blocked };
    if (options.isStopping()) return { kind: "ended" };
    if (performance.now() < lookAgainAt) continue;
    // An unavailable store decides nothing.
    const found = await look(blocked, options).catch(() => undefined);
    if (found?.verdict) return found.verdict;
    lookAgainAt = performance.now() + lookMs(found?.members ?? 0);
  }
  return undefined;
}

/** The message for the worker's log. */
export function inWords(verdict: Verdict): string {
  if (verdict.kind === "ended")
    return "the worker was killed: its trainer blocked it, and the run no longer needs it";
  const { blockedMs, claim } = verdict.blocked;
  const blocked = `its trainer blocked it for ${Math.round(blockedMs / 1000)} s`;
  const who = claim
    ? ` in a generation of member ${claim.member}`
    : " before it had claimed a member";
  const took = verdict.kind === "lease lost" ? ", and another worker took the member" : "";
  return `the worker was killed: ${blocked}${who}${took}`;
}

function hangMessage(blockedMs: number, stepTimeoutSeconds: number): string {
  return (
    `the trainer blocked its worker for ${Math.round(blockedMs / 1000)} s, ` +
    `longer than stepTimeoutSeconds: ${stepTimeoutSeconds}; ` +
    "let it return control more often, or raise stepTimeoutSeconds"
  );
}

/**
 * What the next worker is told. A worker that had claimed a member had already passed its trial.
 */
export function hangAfter(
  before: Hang | undefined,
  { claim, blockedMs }: Blocked,
  stepTimeoutSeconds: number,
): Hang {
  const message = hangMessage(blockedMs, stepTimeoutSeconds);
  if (!claim && before) return { ...before, hangs: before.hangs + 1, message };
  return { since: Date.now(), hangs: 1, member: claim?.member ?? 0, blockedMs, message };
}

/**
 * Records the failure with the member whose trainer blocked a worker that is now dead. Does
 * nothing if it had not claimed a member.
 */
export async function recordHang(
  {
    run,
    worker,
    device,
    populationStore,
    stepTimeoutSeconds,
    patienceSeconds,
  }: BlockedWorkerOptions,
  { blocked: { claim, blockedMs } }: Extract<Verdict, { kind: "hung" }>,
): Promise<void> {
  const member =
    claim && (await populationStore.members(run)).find(({ member }) => member === claim.member);
  if (!member) return;
  const { newest, begun, failures } = member;
  const held: Claim = {
    run,
    worker,
    ...claim,
    newest,
    undecided: false,
    failures,
    elapsedMs: 0,
    restarted: 0,
    hasFailed: failures > 0,
  };
  const failure: Failure = {
    member: claim.member,
    generation: newest.generation,
    snapshot: newest.id,
    hyperparameters: (begun ?? newest).hyperparameters,
    worker,
    ...(device !== undefined && { device }),
    phase: "train",
    cause: "trainer",
    against: "member",
    at: Date.now(),
    message: hangMessage(blockedMs, stepTimeoutSeconds),
    stack:
      "The worker was killed from outside: the trainer did not return, and let nothing else run.",
  };
  const patienceMs = patienceSeconds === undefined ? defaultPatienceMs : 1000 * patienceSeconds;
  const onlooker = { populationStore, run, worker, patienceMs, now: Date.now };
  // It was tried although a rescue was due, so there was no donor.
  const trouble = await troubleOfMember(onlooker, held);
  const isWithoutDonor = failures > 0 && (await isRescueDue(onlooker, trouble));
  const before = await failuresOf(onlooker, held);
  await recordFailure(onlooker, held, failure, before, isWithoutDonor);
}

async function look(
  blocked: Blocked,
  { populationStore, run: id, worker }: BlockedWorkerOptions,
): Promise<{ readonly verdict?: Verdict; readonly members: number }> {
  const run = await populationStore.run(id).catch((error) => {
    if (error instanceof RunNotFoundError) return undefined;
    throw error;
  });
  if (run?.state.kind !== "running") return { verdict: { kind: "ended" }, members: 0 };
  const members = run.experiment.population;
  // No worker can take a member before its lease has expired.
  const { claim, blockedMs } = blocked;
  if (!claim || blockedMs < defaultLeaseMs / 2) return { members };
  const lease = (await populationStore.members(id)).find(
    ({ member }) => member === claim.member,
  )?.lease;
  return {
    members,
    ...(lease?.worker !== worker && { verdict: { kind: "lease lost", blocked } }),
  };
}
