/**
 * An error as the store keeps it. Every look at a run reads it, so a long error is cut there. The
 * whole error is in the worker's log.
 */
import type { TrainerError } from "../trainer/trainer-session.ts";

const maxMessage = 2_000;
const maxStack = 20_000;

/** `tell` gets the whole error if it is cut. */
export function storedFailure(
  member: number,
  { message, detail }: TrainerError,
  tell: (text: string) => void,
): { readonly message: string; readonly stack: string } {
  if (message.length <= maxMessage && detail.length <= maxStack) return { message, stack: detail };
  tell(`member ${member} failed: ${message}\n${detail}`);
  return { message: cut(message, maxMessage), stack: cut(detail, maxStack) };
}

/** The beginning and the end. The beginning says what it is, the end where. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = max / 2;
  const note = `... (cut: all ${text.length} characters are in the worker's log) ...`;
  return `${text.slice(0, half)}${note}${text.slice(-half)}`.toWellFormed();
}
