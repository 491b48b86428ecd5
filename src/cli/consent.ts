import { createInterface } from "node:readline";
import { BadInputError } from "../algorithm/problem.ts";
import type { Context } from "./context.ts";

/**
 * Asks in a terminal for confirmation of something that cannot be undone. Resolves false for every
 * answer except y and yes. Throws `BadInputError` without a terminal.
 */
export async function consent(
  { stdin: input, stderr: output }: Pick<Context, "stdin" | "stderr">,
  what: string,
  question: string,
): Promise<boolean> {
  if (!input?.isTTY || !output.isTTY) {
    const rule = "cannot be undone, and there is no terminal to confirm it in";
    throw new BadInputError([{ path: "", value: what, rule, remedy: "add --yes to confirm" }]);
  }
  output.write(`${question} [y/N] `);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
    return false;
  } finally {
    lines.close();
  }
}
