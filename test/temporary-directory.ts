/**
 * All that tests write lies in one temporary directory, which goes when they have ended, with the
 * servers that work in it: a process of the tests is ended without a word, and clears up nothing.
 */
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "clade-tests-";

export default function setUp(): (() => void) | undefined {
  // Another project of the same run has made it.
  if (basename(tmpdir()).startsWith(prefix)) return undefined;
  const directory = mkdtempSync(join(tmpdir(), prefix));
  // PostgreSQL does not run as root, and has to come here as another user.
  chmodSync(directory, 0o711);
  process.env.TMPDIR = directory;
  return () => {
    for (const file of globSync(join(directory, "*", "data", "postmaster.pid")))
      kill(Number(readFileSync(file, "utf8").split("\n")[0]));
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
