/**
 * Worker processes on this machine. They share nothing with the process that started them but the
 * stores; it only notices when one dies, gives back what it held, so that nobody waits for its
 * lease, and starts another in its place. When that process goes away, however it does, its
 * workers drop their generation and leave.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { CladeError } from "../algorithm/clade-error.ts";
import type { PopulationStore, RunId, WorkerId } from "../population-store/population-store.ts";
import { boundLog } from "./bound-log.ts";
import { blockedWorker, hangAfter, inWords, recordHang } from "./watchdog/blocked-worker.ts";
import type { Hang } from "./watchdog/hang.ts";
import { killGroup } from "./watchdog/kill-group.ts";
import { reportDescriptor } from "./watchdog/watchdog.ts";

export interface LocalWorkersOptions {
  readonly count: number;
  /** Variables for the worker of a number, added to those of this process. */
  readonly environment: (index: number) => { readonly [name: string]: string };
  readonly run: RunId;
  readonly populationStore: PopulationStore;
  /** The command line's start file and the arguments that make it a worker. */
  readonly command: {
    readonly file: string;
    readonly arguments: (index: number) => readonly string[];
  };
  /**
   * A worker whose trainer has blocked it for longer than this is killed, and the member has
   * failed.
   */
  readonly stepTimeoutSeconds: number;
  readonly patienceSeconds?: number | undefined;
  /**
   * What workers print is kept here, one file a worker. Without it they print where this process
   * does.
   */
  readonly logDirectory?: string;
  /** Deletes what a worker that died was saving. */
  readonly removeLeftOvers: () => Promise<void>;
  /**
   * The exit code of a worker that was asked to leave, by a signal to it alone: another takes its
   * place.
   */
  readonly interruptedCode: number;
  /** The exit code of a worker that left because everything failed on it: none takes its place. */
  readonly setAsideCode: number;
}

export interface LocalWorkers {
  /**
   * Resolves when all have left, because the run ended or everything failed on them, how many of
   * these there were; rejects when workers keep dying.
   */
  readonly finished: Promise<{ readonly setAside: number }>;
  /** Workers drop their generation, give their members back and leave. */
  stop(): void;
  /** Kills them at once. */
  kill(): void;
}

/**
 * A worker that dies this often in a row without having lived for a while is not started again.
 */
const deathsUntilGivenUp = 3;
const livedMs = 10_000;

/** How often the size of the workers' logs is looked at. */
const logsMs = 1000;

const nonceVariable = "CLADE_WORKER_NONCE";
const leaseVariable = "CLADE_WORKER_LEASE_MS";
const hangVariable = "CLADE_WORKER_HANG";
const newNonce = () => randomUUID().slice(0, 8);

/** How much of a dead worker's output is shown, in characters. */
const shownOutput = 4_000;

/**
 * Names a process of this machine as nobody else is named: process ids come back, and containers
 * may all have the same host name and process id. Two of one name could both hold a claim, since a
 * database that crashes may forget one and give its epoch again.
 */
function workerId(pid: number, nonce: string): WorkerId {
  return `${hostname()}:${pid}:${nonce}` as WorkerId;
}

/**
 * Names this process. Who started it as a worker knows the name, too, to give back what it held.
 */
export function ownWorkerId(): WorkerId {
  return workerId(process.pid, process.env[nonceVariable] ?? newNonce());
}

/** How long its first lease is at least, as who started this process as a worker says. */
export function ownFirstLeaseMs(): number {
  return Number(process.env[leaseVariable] ?? 0);
}

/** Why the worker that was here before was killed, if its trainer had blocked it. */
export function ownHang(): Hang | undefined {
  const told = process.env[hangVariable];
  return told === undefined ? undefined : (JSON.parse(told) as Hang);
}

export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const processes = new Set<ChildProcess>();
  let stopping = false;
  let setAside = 0;

  const logOf = (index: number) =>
    options.logDirectory && join(options.logDirectory, `${options.run}-worker-${index + 1}.log`);

  async function keepOneRunning(index: number): Promise<void> {
    const log = logOf(index);
    let firstLeaseMs = 0;
    let hang: Hang | undefined;
    let strandedHangs = 0;
    for (let deaths = 0; ; ) {
      const startedAt = Date.now();
      const nonce = newNonce();
      const variables = {
        [nonceVariable]: nonce,
        [leaseVariable]: String(firstLeaseMs),
        ...(hang && { [hangVariable]: JSON.stringify(hang) }),
      };
      const { child, exited } = start(index, log, variables);
      const worker = workerId(child.pid!, nonce);
      const reports = child.stdio[reportDescriptor] as Readable;
      const device =
        options.environment(index).CUDA_VISIBLE_DEVICES ?? process.env.CUDA_VISIBLE_DEVICES;
      const about = { ...options, worker, device, isStopping: () => stopping };
      const judged = blockedWorker(reports, about);
      void judged.then((verdict) => {
        if (!verdict) return;
        note(log, inWords(verdict));
        killGroup(child.pid!);
        child.kill("SIGKILL");
      });
      let lastWords: string | undefined;
      child.on("message", (error: string) => {
        lastWords = error;
      });
      processes.add(child);
      const { code, signal } = await exited;
      processes.delete(child);
      killGroup(child.pid!);
      const verdict = await judged;
      if (code === options.setAsideCode) {
        setAside++;
        return;
      }
      // When the store fails here, its members are free again when their leases run out.
      if (verdict?.kind === "hung") {
        await recordHang(about, verdict).catch(() => {});
        hang = hangAfter(hang, verdict.blocked, options.stepTimeoutSeconds);
        strandedHangs =
          verdict.blocked.claim || (await isTryingItself(worker)) ? 0 : strandedHangs + 1;
      }
      await options.populationStore.releaseWorker(options.run, worker).catch(() => {});
      if (code !== 0) await options.removeLeftOvers().catch(() => {});
      if (stopping || code === 0 || verdict?.kind === "ended") return;
      if (hang && strandedHangs >= deathsUntilGivenUp) {
        const state = { kind: "gave-up" as const, since: hang.since, reason: hang.message };
        await options.populationStore
          .noteWorker(options.run, worker, state, device)
          .catch(() => {});
        setAside++;
        return;
      }
      if (verdict) {
        // A trainer that blocks for longer than a lease does so again.
        if (verdict.kind === "lease lost") {
          firstLeaseMs = 3 * verdict.blocked.blockedMs;
          hang = undefined;
        }
        continue;
      }
      deaths = Date.now() - startedAt > livedMs ? 1 : deaths + 1;
      if (code !== null && code !== options.interruptedCode)
        throw died(log, `ended with exit code ${code}`, lastWords);
      if (deaths >= deathsUntilGivenUp)
        throw died(log, `was ended by ${signal ?? "a signal"} ${deaths} times in a row`);
    }
  }

  /**
   * Such a worker leaves by itself when its patience is over; one that is blocked while it starts
   * does not.
   */
  async function isTryingItself(worker: WorkerId): Promise<boolean> {
    const workers = await options.populationStore.workers(options.run).catch(() => []);
    return workers.some((other) => other.worker === worker && other.state.kind === "set-aside");
  }

  function start(
    index: number,
    log: string | undefined,
    variables: { readonly [name: string]: string },
  ): {
    child: ChildProcess;
    exited: Promise<{ code: number | null; signal: string | null }>;
  } {
    if (log !== undefined) mkdirSync(dirname(log), { recursive: true });
    const output = log === undefined ? "inherit" : openSync(log, "a");
    const child = fork(options.command.file, options.command.arguments(index), {
      env: { ...process.env, ...options.environment(index), ...variables },
      // One thread a worker: collectors of garbage on other threads would take the cores of the
      // other workers, and with 2 workers on 2 cores the quickstart trained 8% fewer generations a
      // second.
      execArgv: [...process.execArgv, "--single-threaded-gc"],
      stdio: ["ignore", output, output, "ipc", "pipe"],
      // In a process group of their own, so that Ctrl-C in the terminal reaches only the process
      // that shows the run.
      detached: true,
    });
    if (typeof output === "number") closeSync(output);
    // Its last words may arrive after the news of its end, but not after that of the end of the
    // channel.
    const heardAll = new Promise<void>((resolve) => child.once("disconnect", resolve));
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once("exit", (code, signal) => void heardAll.then(() => resolve({ code, signal })));
    });
    return { child, exited };
  }

  const kill = () => {
    for (const child of processes) {
      killGroup(child.pid!);
      child.kill("SIGKILL");
    }
  };
  const stop = () => {
    stopping = true;
    for (const child of processes) if (child.connected) child.disconnect();
  };
  const indices = Array.from({ length: options.count }, (_, index) => index);
  const boundLogs = setInterval(() => {
    for (const log of indices.map(logOf)) if (log) boundLog(log);
  }, logsMs).unref();
  const finished = Promise.all(indices.map(keepOneRunning))
    .then(
      () => ({ setAside }),
      (error) => {
        stop();
        throw error;
      },
    )
    .finally(() => clearInterval(boundLogs));
  return { finished, stop, kill };
}

/** Gives back what workers of this machine hold that are no longer alive. */
export async function releaseDeadWorkers(store: PopulationStore, run: RunId): Promise<void> {
  const leases = (await store.members(run)).flatMap(({ lease }) => (lease ? [lease.worker] : []));
  for (const worker of new Set(leases)) {
    const [host, pid] = worker.split(":");
    if (host === hostname() && !isAlive(Number(pid))) await store.releaseWorker(run, worker);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Says to the process that started this one why it ends. A log cannot: the disk that it is on may
 * be the reason.
 */
export async function tellLastWords(error: unknown): Promise<void> {
  const words =
    error instanceof CladeError ? error.message : String((error as Error).stack ?? error);
  await new Promise((resolve) => {
    if (process.send && process.connected) process.send(words, resolve);
    else resolve(undefined);
  });
}

function note(log: string | undefined, text: string): void {
  try {
    if (log === undefined) console.error(text);
    else appendFileSync(log, `${text}\n`);
  } catch {
    // The disk is full; what is noted can be seen in the run.
  }
}

function died(log: string | undefined, how: string, lastWords?: string): CladeError {
  if (log === undefined) {
    const words = lastWords === undefined ? "what it said is above" : `it said: ${lastWords}`;
    return new CladeError(`a worker ${how}; start it again when the cause is mended; ${words}`);
  }
  const output = lastWords ?? readFileSync(log, "utf8").slice(-shownOutput).trim();
  return new CladeError(
    `a worker ${how}; resume the run when the cause is mended. Its last words (${log}):\n${output}`,
  );
}
