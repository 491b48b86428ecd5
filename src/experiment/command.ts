/** A trainer in another process, in any language. It speaks `protocol/trainer-protocol.md`. */
import * as z from "zod/mini";
import { described } from "../algorithm/described.ts";
import { mistake } from "../algorithm/mistake.ts";

/** How a trainer in another process is started, and how long it may take. */
export interface CommandOptions {
  /**
   * Variables for the command, added to those of the worker. `true` passes on the worker's own
   * value. Trainers get keys to the stores and the scheduler, such as PGPASSWORD and
   * AWS_SECRET_ACCESS_KEY, only this way.
   */
  readonly environment?: { readonly [name: string]: string | true };
  /** Where the command runs, relative to the experiment file's directory (the default). */
  readonly directory?: string;
  /** Seconds until the command must have answered for the first time (default 300). */
  readonly startTimeoutSeconds?: number;
  /**
   * Seconds that a step, an evaluation, a save or a restore may stay silent before it counts as
   * hung (default 600).
   */
  readonly stepTimeoutSeconds?: number;
  /** Resident memory of the command and everything it starts, in MiB. Watched on Linux only. */
  readonly memoryLimitMegabytes?: number;
}

/** A trainer in another process: what `command` makes. */
export interface CommandTrainer extends CommandOptions {
  /** For the shell `sh`. */
  readonly command: string;
}

/** `trainer: command("python train.py")`. */
export function command(command: string, options: CommandOptions = {}): CommandTrainer {
  return { command, ...options };
}

/** Seconds that a call may take unless the experiment says otherwise. */
export const defaultStepTimeoutSeconds = 600;

export const seconds = z
  .number(mistake("must be a number", "give seconds such as 600"))
  .check(z.positive(mistake("must be above 0", "give seconds such as 600")));

/** What a command trainer may say. */
export const commandShape = {
  command: described(
    "The command, for the shell sh.",
    z
      .string(mistake("must be a string", "give a command such as python train.py"))
      .check(z.regex(/\S/, mistake("is empty", "give a command such as python train.py"))),
  ),
  environment: z.optional(
    described(
      "Variables for the command, added to those of the worker. true passes on the " +
        "worker's own value, which is the only way to pass on AWS_SECRET_ACCESS_KEY and " +
        "the like.",
      z.record(
        z
          .string()
          .check(
            z.regex(
              /^[A-Za-z_]\w*$/,
              mistake("is not a variable name", "give letters, digits and underscores"),
            ),
          ),
        z.union(
          [z.string(), z.literal(true)],
          mistake("must be a string, or true for the worker's own value", "put quotes around it"),
        ),
        mistake("must be an object", "give strings by name"),
      ),
    ),
  ),
  directory: z.optional(
    described(
      "Where the command runs, relative to this file's directory. Default: that directory.",
      z.string(mistake("must be a string", "give the path of a directory")),
    ),
  ),
  startTimeoutSeconds: z.optional(
    described(
      "Seconds until the command must have answered for the first time. Default: 300.",
      seconds,
    ),
  ),
  stepTimeoutSeconds: z.optional(
    described(
      "Seconds that a step, an evaluation, a save or a restore may stay silent. Default: 600.",
      seconds,
    ),
  ),
  memoryLimitMegabytes: z.optional(
    described(
      "Resident memory of the command and everything it starts, in MiB. Watched on Linux only.",
      z
        .number(mistake("must be a number", "give MiB such as 4000"))
        .check(z.positive(mistake("must be above 0", "give MiB such as 4000"))),
    ),
  ),
};

export const commandSchema = z.strictObject(
  commandShape,
  mistake("must be a command", 'give for example command("python train.py")'),
);
