import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/show.ts";
import { isCommand, type TrainerSource } from "../experiment/trainer.ts";
import {
  type InProcessOptions,
  inProcessSession,
} from "../trainer/in-process/in-process-session.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";

/** Makes the session of a worker. */
export type SessionOf = (trainer: TrainerSource, options?: InProcessOptions) => TrainerSession;

/** For programs that also run in a browser. */
export function sessionInThisProcess(
  trainer: TrainerSource,
  options?: InProcessOptions,
): TrainerSession {
  if (!isCommand(trainer)) return inProcessSession(trainer, options);
  const rule = "a command cannot be started in a browser";
  throw new BadInputError([
    {
      path: "trainer",
      value: show(trainer),
      rule,
      remedy: "run in Node, or give a trainer in this process",
    },
  ]);
}
