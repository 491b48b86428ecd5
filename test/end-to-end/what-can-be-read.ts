/** The places where others might read a secret. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file below a directory, as text. */
export function textsBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

/** The arguments of every process, polled until they are asked for. */
export function watchProcesses(): () => string {
  let seen = "";
  const looking = setInterval(() => {
    seen += processList();
  }, 50);
  return () => {
    clearInterval(looking);
    return seen;
  };
}

function processList(): string {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}
