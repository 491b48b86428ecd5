import { BadInputError } from "../../algorithm/problem.ts";
import type { Progress, Ready } from "../../algorithm/ready/ready.ts";
import { show } from "../../algorithm/show.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import { strategyPlace } from "../../algorithm/strategy.ts";
import type { Generation } from "../trainer-session.ts";

/**
 * Timers and signals get a turn this often, between steps, since synchronous steps would block
 * them for ever.
 */
const eventsMs = 20;

let lastEvents = 0;

/**
 * Steps until ready or until the budget is spent. Resolves the number of steps. `step` is told how
 * many steps the weights have had. `check` throws
 * when the generation must not go on.
 */
export async function trainSteps(
  step: (hyperparameters: Hyperparameters, number: number) => void | Promise<void>,
  { hyperparameters, ready, stepsLeft, millisecondsLeft, ...from }: Generation,
  check: () => void,
): Promise<number> {
  const begin = performance.now();
  for (let steps = 1; ; steps++) {
    const stepping = step(hyperparameters, from.step + steps - 1);
    if (stepping) await stepping;
    await pauseForEvents();
    check();
    const milliseconds = performance.now() - begin;
    const progress: Progress = {
      stepsInGeneration: steps,
      secondsInGeneration: milliseconds / 1000,
      step: from.step + steps,
      generation: from.generation,
    };
    if (steps >= stepsLeft || milliseconds >= millisecondsLeft) return steps;
    const isReady: unknown = ready(progress);
    if (typeof isReady !== "boolean") throw notBoolean(ready, isReady);
    if (isReady) return steps;
  }
}

function notBoolean(ready: Ready, value: unknown): BadInputError {
  const rule = "is what it returned, but it must be true or false";
  const remedy = "return whether the generation ends here, and no promise of it";
  return new BadInputError([
    { path: strategyPlace("ready", ready), value: show(value), rule, remedy },
  ]);
}

/** Lets timers, signals and other work run, unless they did so a few milliseconds ago. */
export async function pauseForEvents(afterMs = eventsMs): Promise<void> {
  const now = performance.now();
  if (now - lastEvents < afterMs) return;
  await new Promise<void>(nextTurn);
  lastEvents = performance.now();
}

/** In a page without a timer, since browsers let those of hidden pages wait for a second. */
function nextTurn(call: () => void): void {
  if (typeof setImmediate === "function") setImmediate(call);
  else if (typeof MessageChannel === "function") {
    const { port1, port2 } = new MessageChannel();
    const received = port1 as unknown as { onmessage: () => void };
    received.onmessage = () => {
      port1.close();
      call();
    };
    port2.postMessage(undefined);
  } else setTimeout(call, 0);
}
