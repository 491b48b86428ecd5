import { fork } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import type { WorkerId } from "../population-store/population-store.ts";
import { killGroup } from "./watchdog/kill-group.ts";
import { reportDescriptor } from "./watchdog/watchdog.ts";
import { newNonce, type ToldAtStart, workerId, workerVariables } from "./worker-variables.ts";

/** How to start a worker. */
export interface WorkerCommand {
  /** The command line's start file and the arguments that make it a worker. */
  readonly file: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface WorkerProcess {
  readonly worker: WorkerId;
  /** The reports of its watchdog, one per line. */
  readonly reports: Readable;
  /** Resolves when it has ended, with how it ended and its last words. */
  readonly exited: Promise<Exit>;
  askToLeave(): void;
  /** Kills it, and the processes that it has started. */
  kill(): void;
  /** Kills the processes that it has left behind. */
  killGroup(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastWords: string | undefined;
}

/** Starts a worker that prints to a log, or where this process does. */
export function startWorkerProcess(
  command: WorkerCommand,
  log: string | undefined,
  told: Omit<ToldAtStart, "nonce">,
): WorkerProcess {
  if (log !== undefined) mkdirSync(dirname(log), { recursive: true });
  const output = log === undefined ? "inherit" : openSync(log, "a");
  const nonce = newNonce();
  const child = fork(command.file, command.arguments, {
    cwd: command.cwd,
    env: { ...command.env, ...workerVariables({ ...told, nonce }) },
    // One thread per worker: garbage collection on other threads would take the cores of the other
    // workers. With 2 workers on 2 cores the quickstart trained 8% fewer generations per second.
    execArgv: [...process.execArgv, "--single-threaded-gc"],
    stdio: ["ignore", output, output, "ipc", "pipe"],
    // In a process group of their own, so that Ctrl-C in the terminal reaches only the process
    // that shows the run.
    detached: true,
  });
  if (typeof output === "number") closeSync(output);
  let lastWords: string | undefined;
  child.on("message", (error: string) => {
    lastWords = error;
  });
  // Its last words may arrive after its exit event, but not after the end of the channel.
  const heardAll = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const exited = new Promise<Exit>((resolve) => {
    child.once(
      "exit",
      (code, signal) => void heardAll.then(() => resolve({ code, signal, lastWords })),
    );
  });
  const pid = child.pid!;
  return {
    worker: workerId(pid, nonce),
    reports: child.stdio[reportDescriptor] as Readable,
    exited,
    askToLeave() {
      if (child.connected) child.disconnect();
    },
    kill() {
      killGroup(pid);
      child.kill("SIGKILL");
    },
    killGroup: () => killGroup(pid),
  };
}
