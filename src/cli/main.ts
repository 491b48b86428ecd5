/** The command line as a process: its streams, its signals and its exit code. */
import { exitCodes } from "./exit-codes.ts";
import { report, run } from "./run.ts";

export async function main(argv: readonly string[]): Promise<void> {
  process.on("uncaughtException", (error) => process.exit(report(error, console.error)));
  process.stdout.on("error", stopForClosedPipe);
  process.on("exit", explainUnsettled);
  const { env, stdin, stdout, stderr } = process;
  process.exitCode = await run(argv.slice(2), { cwd: process.cwd(), env, stdin, stdout, stderr });
  // A trainer may have left timers, sockets or threads behind that would keep this process.
  process.exit();
}

/**
 * The reader of the output is gone, as in `clade run --json | head`. A run then stops as after
 * Ctrl-C, and any other command just ends.
 */
function stopForClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  if (process.listenerCount("SIGINT") === 0) process.exit(exitCodes.done);
  process.stdout.removeAllListeners("error").on("error", () => {});
  process.emit("SIGINT");
}

/** Node exits with 13 if nothing is left that could settle the awaited promise. */
function explainUnsettled(code: number): void {
  if (code !== 13) return;
  console.error(
    "a promise of the trainer, or at the top of the experiment's file, never settled, " +
      "and nothing is left that could settle it; check what it waits for",
  );
  process.exitCode = exitCodes.failed;
}
