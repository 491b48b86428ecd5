import { copy, type Exploit, everySteps, keep, perturb, truncationSelection } from "clade";
import {
  type ConformanceCase,
  exploitConformance,
  exploreConformance,
  readyConformance,
} from "clade/testing";
import { expect, test } from "vitest";

async function broken(cases: readonly ConformanceCase[]): Promise<string> {
  const names: string[] = [];
  for (const { name, run } of cases) await run().catch(() => names.push(name));
  return names.join("\n");
}

test("a strategy that keeps its promises passes", async () => {
  expect(await broken(exploitConformance(truncationSelection()))).toBe("");
  expect(await broken(exploreConformance(perturb()))).toBe("");
  expect(await broken(readyConformance(everySteps(3)))).toBe("");
});

const lowest: Exploit = (member, { ranked }) => copy(ranked.at(-1) ?? member, "both", "lowest");
const byChance: Exploit = (member, { ranked }) =>
  Math.random() < 0.5 ? keep("chance") : copy(ranked[0] ?? member, "both", "chance");
const highScore: Exploit = (_, { ranked }) =>
  keep((ranked[0]!.score ?? 0) > 0 ? "positive" : "") as never;

test.each([
  ["copies itself", lowest, "a donor is another member"],
  ["has no reason", highScore, "every decision has a reason"],
  ["draws from elsewhere", byChance, "the same stream gives the same decision"],
])("an exploit that %s does not", async (_, exploit, promise) => {
  expect(await broken(exploitConformance(exploit))).toContain(promise);
});

test("an explore that leaves the space, or changes what it is given, does not", async () => {
  const outside = exploreConformance((from) => ({ ...from, optimizer: "lion" }));
  expect(await broken(outside)).toContain("can be settled");
  const writing = exploreConformance((from) => Object.assign(from, { rate: 0.5 }));
  expect(await broken(writing)).toContain("stays as it was");
  const drawing = exploreConformance((from) => ({ ...from, rate: Math.random() }));
  expect(await broken(drawing)).toContain("the same stream");
});

test("a ready that never ends a generation, or not where it says, does not", async () => {
  expect(await broken(readyConformance(() => false))).toContain("every generation ends");
  const early = Object.assign(everySteps(3), { generationLength: { steps: 4 } });
  expect(await broken(readyConformance(early))).toContain("ends there, and not before");
});
