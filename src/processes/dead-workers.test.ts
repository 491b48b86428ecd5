import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { isAlive } from "./dead-workers.ts";

test("a process is alive until it has ended", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 100_000)"]);
  expect(isAlive(child.pid!)).toBe(true);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  expect(isAlive(child.pid!)).toBe(false);
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "a process that has ended and that its parent has not noticed is dead (needs /proc)",
  async () => {
    // The shell ends a child, and becomes a program that waits for none.
    const shell = spawn("sh", ["-c", "sh -c 'kill -9 $$' & echo $!; exec sleep 1000"]);
    const [pid] = await new Promise<string[]>((resolve) =>
      shell.stdout.once("data", (said) => resolve(String(said).trim().split("\n"))),
    );
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
    shell.kill("SIGKILL");
  },
);
