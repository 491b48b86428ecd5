/**
 * Ends the wait for a call that never settles, such as one that waits for a message that nobody
 * sends. A call that blocks the event loop cannot be ended from here: whoever started this process
 * does that (`src/processes/watchdog`).
 */
import { TrainerError } from "../trainer-session.ts";

const lookMs = 100;

/** The call was left alone: it may go on by itself, so what it works on is of no use any more. */
export class Abandoned extends Error {}

/**
 * The calls that are waited for. One timer looks at all of them: a timer for each call costs more
 * than a short generation.
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
  // Where nothing else is left that could settle the call, Node ends the process and says so at
  // once.
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
