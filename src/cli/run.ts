import { inspect } from "node:util";
import { CommanderError } from "commander";
import { CladeError } from "../algorithm/clade-error.ts";
import { legibleBelow } from "../algorithm/legible.ts";
import { RunNotFoundError, StoreVersionError } from "../population-store/population-store.ts";
import { TrainerError } from "../trainer/trainer-session.ts";
import { MetricError } from "../worker/measurement.ts";
import { contextOf, type Surroundings } from "./context.ts";
import { isBadInput } from "./declarations/declaration-file.ts";
import { DifferentCodeError } from "./declarations/different-code-error.ts";
import { userFrames } from "./declarations/import-failure.ts";
import { exitCodes } from "./exit-codes.ts";
import { concealed } from "./printing/concealed.ts";
import { guard } from "./printing/terminal.ts";
import { program } from "./program.ts";

/**
 * Runs a command line, and resolves its exit code. Everything written to the two streams from now
 * on is made legible.
 *
 * A command that only reads uses nothing but its context. Only the stores read variables of this
 * process: those of PostgreSQL, those of S3, and CLADE_CACHE. A command that trains starts
 * processes, and listens to signals of this one.
 */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<number> {
  guard(surroundings.stdout);
  guard(surroundings.stderr);
  const context = contextOf(surroundings);
  let exitCode: number = exitCodes.done;
  try {
    const clade = await program(context, words, (code) => {
      exitCode = code;
    });
    await clade.parseAsync(words, { from: "user" });
  } catch (error) {
    return report(error, context.warn);
  }
  return exitCode;
}

/** Prints the error, and returns the exit code. Bugs of Clade are printed with their stack. */
export function report(error: unknown, warn: (line: string) => void): number {
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
  if (!(error instanceof CladeError)) {
    warn(concealed(inspect(error)));
    return exitCodes.failed;
  }
  if (error instanceof TrainerError)
    warn(legibleBelow(`${error.message}\n${userFrames(error.detail)}`));
  else warn(concealed(error.message));
  const badInput =
    isBadInput(error) ||
    error instanceof DifferentCodeError ||
    error instanceof RunNotFoundError ||
    error instanceof StoreVersionError ||
    error instanceof TrainerError ||
    error instanceof MetricError;
  return badInput ? exitCodes.badInput : exitCodes.failed;
}
