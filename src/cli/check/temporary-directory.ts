import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { signalNames } from "../work/interruption.ts";

/**
 * A directory that is removed when it is disposed of, or when the process is interrupted first.
 */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "clade-"));
  const remove = () => rmSync(path, { recursive: true, force: true });
  const leave = () => {
    remove();
    process.exit(exitCodes.interrupted);
  };
  for (const signal of signalNames) process.on(signal, leave);
  return {
    path,
    [Symbol.dispose]() {
      for (const signal of signalNames) process.off(signal, leave);
      remove();
    },
  };
}
