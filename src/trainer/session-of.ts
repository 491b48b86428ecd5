import { isCommand, type TrainerSource } from "../experiment/trainer.ts";
import { type CommandSessionOptions, commandSession } from "./command/command-session.ts";
import { type InProcessOptions, inProcessSession } from "./in-process/in-process-session.ts";
import type { TrainerSession } from "./trainer-session.ts";

/** The session of a trainer of any kind. */
export function sessionOf(
  trainer: TrainerSource,
  options: CommandSessionOptions & InProcessOptions = {},
): TrainerSession {
  return isCommand(trainer)
    ? commandSession(trainer, options)
    : inProcessSession(trainer, options);
}
