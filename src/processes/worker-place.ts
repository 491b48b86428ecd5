import { appendFileSync, readFileSync } from "node:fs";
import { CladeError } from "../algorithm/clade-error.ts";
import type { PopulationStore, RunId, WorkerId } from "../population-store/population-store.ts";
import type { Hang } from "../worker/hang.ts";
import {
  type BlockedWorkerOptions,
  blockedWorker,
  hangAfter,
  inWords,
  recordHang,
  type Verdict,
} from "./watchdog/blocked-worker.ts";
import {
  type Exit,
  startWorkerProcess,
  type WorkerCommand,
  type WorkerProcess,
} from "./worker-process.ts";

export interface WorkerPlaceOptions {
  /** Environment variables for the worker with this number, added to those of the command. */
  readonly environment: (index: number) => { readonly [name: string]: string };
  readonly run: RunId;
  readonly populationStore: PopulationStore;
  /** How to start the worker with this number. */
  readonly command: Omit<WorkerCommand, "arguments"> & {
    readonly arguments: (index: number) => readonly string[];
  };
  /**
   * A worker whose trainer blocks it for longer than this is killed, and its member has failed.
   */
  readonly stepTimeoutSeconds: number;
  readonly patienceSeconds?: number | undefined;
  /** Prints messages about workers without a log. */
  readonly warn: (line: string) => void;
  /** Deletes the unfinished saves of a dead worker. */
  readonly removeLeftOvers: () => Promise<void>;
  /**
   * The exit code of a worker that was asked to leave by a signal to it alone. Another takes its
   * place.
   */
  readonly interruptedCode: number;
  /**
   * The exit code of a worker that left because everything failed on it. No other takes its place.
   */
  readonly setAsideCode: number;
}

/** What the places of a machine share. */
export interface Crew {
  readonly processes: Set<WorkerProcess>;
  /** Whether all workers have been asked to leave. */
  isStopping: boolean;
}

/** How a worker ended, and why it was killed if it was. */
interface End extends Exit {
  readonly startedAt: number;
  readonly about: BlockedWorkerOptions;
  readonly verdict: Verdict | undefined;
}

/**
 * A worker that dies this often in a row, each time soon after its start, is not started again.
 */
const deathsUntilGivenUp = 3;
const livedMs = 10_000;

/** The shown part of a dead worker's output, in characters. */
const shownOutput = 4_000;

/** A place for one worker process on this machine. If the worker dies another takes its place. */
export class WorkerPlace {
  readonly #index: number;
  readonly #log: string | undefined;
  readonly #options: WorkerPlaceOptions;
  readonly #crew: Crew;
  #firstLeaseMs = 0;
  #hang: Hang | undefined;
  #strandedHangs = 0;
  #deaths = 0;

  constructor(index: number, log: string | undefined, options: WorkerPlaceOptions, crew: Crew) {
    this.#index = index;
    this.#log = log;
    this.#options = options;
    this.#crew = crew;
  }

  /** Resolves why the place is now empty. Rejects if workers keep dying. */
  async keepFilled(): Promise<"left" | "set aside"> {
    for (;;) {
      const end = await this.#oneWorker();
      if (end.code === this.#options.setAsideCode) return "set aside";
      await this.#clearAfter(end);
      if (this.#crew.isStopping || end.code === 0 || end.verdict?.kind === "ended") return "left";
      if (await this.#isGivenUp(end)) return "set aside";
      if (end.verdict) this.#expectLongBlocks(end.verdict);
      else this.#countDeath(end);
    }
  }

  async #oneWorker(): Promise<End> {
    const { command, environment } = this.#options;
    const startedAt = Date.now();
    const env = { ...command.env, ...environment(this.#index) };
    const process = startWorkerProcess(
      { ...command, arguments: command.arguments(this.#index), env },
      this.#log,
      { firstLeaseMs: this.#firstLeaseMs, hang: this.#hang },
    );
    const about = {
      ...this.#options,
      worker: process.worker,
      device: env.CUDA_VISIBLE_DEVICES,
      isStopping: () => this.#crew.isStopping,
    };
    const judged = blockedWorker(process.reports, about);
    void judged.then((verdict) => {
      if (!verdict) return;
      this.#note(inWords(verdict));
      process.kill();
    });
    this.#crew.processes.add(process);
    const exit = await process.exited;
    this.#crew.processes.delete(process);
    process.killGroup();
    return { ...exit, startedAt, about, verdict: await judged };
  }

  /**
   * Gives back what an ended worker held, and deletes its unfinished saves. If the store fails
   * here, its members are free again when their leases expire.
   */
  async #clearAfter({ code, verdict, about }: End): Promise<void> {
    const { run, populationStore, removeLeftOvers, stepTimeoutSeconds } = this.#options;
    if (verdict?.kind === "hung") {
      await recordHang(about, verdict).catch(() => {});
      this.#hang = hangAfter(this.#hang, verdict.blocked, stepTimeoutSeconds);
      const isAlone = !verdict.blocked.claim && !(await this.#isTryingItself(about.worker));
      this.#strandedHangs = isAlone ? this.#strandedHangs + 1 : 0;
    }
    await populationStore.releaseWorker(run, about.worker).catch(() => {});
    if (code !== 0) await removeLeftOvers().catch(() => {});
  }

  /**
   * Such a worker leaves by itself when its patience is over. A worker that is blocked while it
   * starts does not.
   */
  async #isTryingItself(worker: WorkerId): Promise<boolean> {
    const { populationStore, run } = this.#options;
    const workers = await populationStore.workers(run).catch(() => []);
    return workers.some((other) => other.worker === worker && other.state.kind === "set-aside");
  }

  async #isGivenUp({ about }: End): Promise<boolean> {
    if (!this.#hang || this.#strandedHangs < deathsUntilGivenUp) return false;
    const { since, message } = this.#hang;
    const state = { kind: "gave-up", since, reason: message } as const;
    const { run, populationStore } = this.#options;
    await populationStore.noteWorker(run, about.worker, state, about.device).catch(() => {});
    return true;
  }

  /** A trainer that blocked for longer than a lease will do so again. */
  #expectLongBlocks(verdict: Verdict): void {
    if (verdict.kind !== "lease lost") return;
    this.#firstLeaseMs = 3 * verdict.blocked.blockedMs;
    this.#hang = undefined;
  }

  #countDeath({ code, signal, startedAt, lastWords }: End): void {
    this.#deaths = Date.now() - startedAt > livedMs ? 1 : this.#deaths + 1;
    if (code !== null && code !== this.#options.interruptedCode)
      throw died(this.#log, `ended with exit code ${code}`, lastWords);
    if (this.#deaths < deathsUntilGivenUp) return;
    throw died(this.#log, `was ended by ${signal ?? "a signal"} ${this.#deaths} times in a row`);
  }

  #note(text: string): void {
    try {
      if (this.#log === undefined) this.#options.warn(text);
      else appendFileSync(this.#log, `${text}\n`);
    } catch {
      // The disk is full. The run itself shows the failure.
    }
  }
}

function died(log: string | undefined, how: string, lastWords?: string): CladeError {
  if (log === undefined) {
    const words = lastWords === undefined ? "what it said is above" : `it said: ${lastWords}`;
    return new CladeError(`a worker ${how}; start it again when the cause is fixed; ${words}`);
  }
  const output = lastWords ?? readFileSync(log, "utf8").slice(-shownOutput).trim();
  return new CladeError(
    `a worker ${how}; resume the run when the cause is fixed. ` +
      `Its last words (${log}):\n${output}`,
  );
}
