import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCodes } from "../exit-codes.ts";

/**
 * A directory that is gone when it is disposed of, or when the process is interrupted before that.
 */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "clade-"));
  const remove = () => rmSync(path, { recursive: true, force: true });
  const leave = () => {
    remove();
    process.exit(exitCodes.interrupted);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, leave);
  return {
    path,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, leave);
      remove();
    },
  };
}
