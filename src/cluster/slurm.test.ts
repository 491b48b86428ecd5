import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { slurmScript } from "./slurm.ts";

const settings = {
  run: "digits-jkhd",
  clade: ["clade"],
  workerOptions: [],
  array: 2,
  logDirectory: "/shared/logs",
  runFailedCode: 5,
  more: [],
};
const hostile = 'it\'s "a" $(echo owned) `echo owned`; # b\\c\n&& d %A';

test("paths and options reach the worker as they are, whatever the signs in them", () => {
  const script = slurmScript({
    ...settings,
    clade: ["bash", "-c", 'printf "%s\\0" "$CLADE_STORE" "$@"; exit 3', hostile],
    workerOptions: [hostile],
    store: hostile,
  });
  const { stdout, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  expect(stdout.split("\0")).toEqual([hostile, "worker", "digits-jkhd", hostile, ""]);
  expect(status).toBe(3);
});

test("a directive is one line, in which a quote and a backslash stand for themselves", () => {
  const script = slurmScript({
    ...settings,
    logDirectory: "/it's $(a)",
    more: ["--comment=a\\b c"],
  });
  expect(script).toContain("\n#SBATCH '--output=/it'\\''s $(a)/digits-jkhd-slurm-%A_%a.log'\n");
  expect(script).toContain("\n#SBATCH '--comment=a\\\\b c'\n");
  for (const more of ["--comment=a\ntouch owned", "--comment=a\rb"])
    expect(() => slurmScript({ ...settings, more: [more] })).toThrow(
      `sbatch: ${JSON.stringify(more)} - has a line break`,
    );
  expect(() => slurmScript({ ...settings, logDirectory: "/a\nb" })).toThrow("has a line break");
});
