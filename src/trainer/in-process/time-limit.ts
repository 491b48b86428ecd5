/**
 * Ends the wait for a call that never settles, such as one that waits for a message that never
 * comes. A call that blocks the event loop cannot be ended from here; the watchdog does that
 * (`src/processes/watchdog`).
 */
import { TrainerError } from "../trainer-session.ts";

const lookMs = 100;

/** The call was abandoned. It may still be running, so its trainer cannot be used again. */
export class Abandoned extends Error {}

/**
 * The pending calls. One timer checks all of them, since a timer for each call costs more than a
 * short generation.
 */
const waiting = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function look(): void {
  for (const lookAt of waiting) lookAt();
  if (waiting.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/**
 * Resolves what the work does. Rejects with a `TrainerError` after the limit, or with what `check`
 * throws, which is asked ten times a second.
 */
export async function withinLimit<T>(
  call: string,
  work: Promise<T>,
  limitSeconds: number,
  check: () => void,
): Promise<T> {
  const begin = performance.now();
  let reject: (abandoned: Abandoned) => void;
  const stuck = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  const lookAt = () => {
    try {
      check();
      if (performance.now() - begin > 1000 * limitSeconds) throw tooLong(call, limitSeconds);
    } catch (cause) {
      reject(new Abandoned(call, { cause }));
    }
  };
  waiting.add(lookAt);
  timer ??= setInterval(look, lookMs);
  // If nothing else can settle the call, Node ends the process at once, with a message.
  (timer as { unref?: () => void }).unref?.();
  try {
    return await Promise.race([work, stuck]);
  } finally {
    waiting.delete(lookAt);
  }
}

function tooLong(call: string, seconds: number): TrainerError {
  const rule = `did not end within ${seconds} s`;
  const orRaise = call === "dispose()" ? "" : ", or raise stepTimeoutSeconds";
  const remedy = `see what it waits for${orRaise}`;
  return new TrainerError(
    `trainer ${call} ${rule}; ${remedy}`,
    "It waits for a promise that has not settled.",
  );
}
