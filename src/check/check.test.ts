import { existsSync, globSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, defineExperiment, type Finding } from "clade";
import { expect, test } from "vitest";
import { climbing, NoisyClimber } from "../run/climbing.test-support.ts";

test("a program is told what clade check says, and nothing is left behind", async () => {
  const before = globSync(join(tmpdir(), "clade-*"));
  const told: Finding[] = [];
  const findings = await check(defineExperiment(climbing), (finding) => told.push(finding));
  expect(told).toEqual(findings);
  expect(findings.filter(({ kind }) => kind === "bad")).toEqual([]);
  expect(findings.some(({ text }) => text.includes("continues"))).toBe(true);
  const left = globSync(join(tmpdir(), "clade-*")).filter((path) => !before.includes(path));
  expect(left.filter((path) => existsSync(path))).toEqual([]);
});

test("a trainer that forgets is a finding, not an error", async () => {
  class Forgetful extends NoisyClimber {
    override restore() {}
  }
  const findings = await check(defineExperiment({ ...climbing, trainer: Forgetful }));
  expect(findings.find(({ kind }) => kind === "bad")?.text).toMatch(/^trainer: /);
});
