/**
 * Worker processes on this machine. They share only the stores with the process that started them.
 * When a worker dies, that process gives back what the worker held, so that no worker waits for
 * its lease, and starts another in its place. When that process ends, in any way, its workers
 * discard their generation and leave.
 */
import { join } from "node:path";
import { boundLog } from "./bound-log.ts";
import { type Crew, WorkerPlace, type WorkerPlaceOptions } from "./worker-place.ts";

export interface LocalWorkersOptions extends WorkerPlaceOptions {
  readonly count: number;
  /**
   * The directory for the output of workers, one file per worker. Without it they print where this
   * process does.
   */
  readonly logDirectory?: string;
}

export interface LocalWorkers {
  /**
   * Resolves when all have left because the run ended or everything failed on them, with the
   * number of the latter. Rejects if workers keep dying.
   */
  readonly finished: Promise<{ readonly setAside: number }>;
  /** Workers discard their generation, give their members back and leave. */
  stop(): void;
  /** Kills them at once. */
  kill(): void;
}

/** How often the size of the workers' logs is checked. */
const logsMs = 1000;

export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const { logDirectory, run } = options;
  const crew: Crew = { processes: new Set(), isStopping: false };
  const logOf = (index: number) =>
    logDirectory && join(logDirectory, `${run}-worker-${index + 1}.log`);
  const stop = () => {
    crew.isStopping = true;
    for (const process of crew.processes) process.askToLeave();
  };
  const indices = Array.from({ length: options.count }, (_, index) => index);
  const boundLogs = setInterval(() => {
    for (const log of indices.map(logOf)) if (log) boundLog(log);
  }, logsMs).unref();
  const places = indices.map((index) => new WorkerPlace(index, logOf(index), options, crew));
  const finished = Promise.all(places.map((place) => place.keepFilled()))
    .then(
      (ends) => ({ setAside: ends.filter((end) => end === "set aside").length }),
      (error) => {
        stop();
        throw error;
      },
    )
    .finally(() => clearInterval(boundLogs));
  return {
    finished,
    stop,
    kill() {
      for (const process of crew.processes) process.kill();
    },
  };
}
