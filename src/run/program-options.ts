import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import type { SessionOf } from "./session-in-this-process.ts";
import type { Thread, WebWorker } from "./threads/web-thread.ts";

/** Where a program keeps its runs, and how it works on them. */
export interface ProgramOptions {
  /** The store of the population (default: in memory). */
  readonly populationStore?: PopulationStore;
  /**
   * Makes the checkpoint store of a run (default: in memory). It is asked again when a model of a
   * run is read, or the run goes on, so it has to give the same place: one for each run, since
   * what a run does not use any more is deleted there.
   */
  readonly checkpoints?: (run: RunId) => CheckpointStore | Promise<CheckpointStore>;
  /**
   * Workers in this process, which take turns (default: 1). More than 1 helps trainers that wait
   * for something.
   */
  readonly workers?: number;
  /**
   * Workers in threads of their own instead, for trainers that keep a core busy. In Node they load
   * `module`; in a page `startThread` starts each.
   */
  readonly threads?: number;
  /**
   * The module whose default export is the experiment, such as
   * `new URL("./digits.ts", import.meta.url)`.
   */
  readonly module?: string | URL;
  /**
   * Starts a Web Worker whose script calls `serveExperiment(experiment)`:
   * `() => new Worker(new URL("./thread.ts", import.meta.url), { type: "module" })`.
   */
  readonly startThread?: () => WebWorker;
  /**
   * Stops the work. Before a run exists the promise rejects with the signal's reason. Afterwards
   * what was published stays, and the result says "stopped".
   */
  readonly signal?: AbortSignal;
  /**
   * How long to wait without any success, in seconds (default: 600). With 0 every failure counts
   * at once.
   */
  readonly patienceSeconds?: number;
  /** What the program can do where it runs. The functions for Node and for pages give theirs. */
  readonly host?: Host;
}

/** What differs between Node, a page and any other JavaScript. */
export interface Host {
  /** How trainers are driven (default: in this process). */
  readonly sessionOf?: SessionOf;
  /** Names the workers, by machine and process (default: "program:0"). */
  readonly workerName?: string;
  /** Gives back what dead workers hold (default: nothing). */
  readonly releaseDead?: (store: PopulationStore, run: RunId) => Promise<void>;
  /** How a thread is started that loads a module (default: it cannot be). */
  readonly threadOf?: (module: string | URL) => Thread;
}

/** Options as they were given, on a host where they name none. Whoever takes them checks them. */
export function onHost<O extends ProgramOptions>(options: O, host: Host): O {
  const isObject = typeof options === "object" && options !== null;
  return isObject ? { ...options, host: options.host ?? host } : options;
}
