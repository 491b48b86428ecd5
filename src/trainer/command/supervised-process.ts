/**
 * A command with everything that it starts, which never outlives this process, however it ends.
 *
 * The command runs in its own process group, beside a watchdog: a few lines of shell that start
 * before it. The watchdog waits at a pipe that this process holds open. When the pipe closes, on
 * purpose or because this process was killed, the watchdog kills the group. On Linux it also kills
 * processes that have left the group, which it finds by a variable in their environment. It
 * repeats this until no process is left, since one that is about to be killed may start another.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";

/** After SIGTERM, before SIGKILL. */
const terminateMs = 3_000;

const script = `
{
  trap '' INT TERM HUP
  read -r _
  for look in 1 2 3 4 5; do
    escaped=$(grep -ls "CLADE_TRAINER_PROCESS=$2" /proc/[0-9]*/environ | tr -dc '0-9\\n')
    [ "$escaped" ] || break
    kill -KILL $escaped
  done
  kill -KILL -$$
} <&3 >/dev/null 2>&1 3<&- &
CLADE_TRAINER_PROCESS=$2 exec /bin/sh -c "$1" 3<&-
`;

export interface SupervisedOptions {
  readonly command: string;
  readonly directory: string;
  readonly environment: { readonly [name: string]: string | undefined };
}

/** How a process ended: with an exit code, by a signal, or by not being started. */
export type Ending = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error;
};

export class SupervisedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly pid: number | undefined;
  /**
   * Resolves when the command has ended, its processes are being killed, and its output has been
   * read.
   */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #lifeline: Writable;

  constructor({ command, directory, environment }: SupervisedOptions) {
    this.#child = spawn("/bin/sh", ["-c", script, "clade", withoutShell(command), randomUUID()], {
      cwd: directory,
      env: environment,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.#child.pid;
    const [stdin, stdout, stderr, lifeline] = this.#child.stdio as unknown as [
      Writable,
      Readable,
      Readable,
      Writable,
    ];
    [this.stdin, this.stdout, this.stderr] = [stdin, stdout, stderr];
    this.#lifeline = lifeline;
    // A process that has ended does not read. Its end is reported instead.
    for (const stream of [stdin, lifeline]) stream.on("error", () => {});
    this.ended = this.#watch();
  }

  async #watch(): Promise<Ending> {
    const child = this.#child;
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const ending = await new Promise<Ending>((resolve) => {
      child.once("error", (error) => resolve({ code: null, signal: null, error }));
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    this.#lifeline.destroy();
    if (!ending.error)
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
    // In case the watchdog was killed.
    setTimeout(() => this.#signalGroup("SIGKILL"), terminateMs).unref();
    return ending;
  }

  /** SIGTERM, and SIGKILL if it is still there after a while. Resolves when it is gone. */
  async terminate(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#signalGroup("SIGTERM");
    const timer = setTimeout(() => this.kill(), terminateMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** SIGKILL for the command and everything that it started, by the watchdog. */
  kill(): void {
    this.#lifeline.destroy();
    // In case the watchdog was killed.
    const timer = setTimeout(() => this.#signalGroup("SIGKILL"), terminateMs);
    void this.ended.then(() => clearTimeout(timer));
  }

  #signalGroup(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is empty.
    }
  }
}

/** A simple command takes the shell's place, so that its own exit code and signal are seen. */
function withoutShell(command: string): string {
  const isSimple =
    !/[;&|<>()`\n]|^\s*(\w+=|(!|\.|cd|command|eval|exec|export|set|ulimit|umask)\s)/.test(command);
  return isSimple ? `exec ${command}` : command;
}
