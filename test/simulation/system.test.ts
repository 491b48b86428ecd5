import { expect, test } from "vitest";
import { figure } from "../long.ts";
import { simulateMany, type Tally } from "./simulate.ts";

const seeds = Number(process.env.CLADE_SIMULATION_SEEDS ?? figure(300, 1000));
/** Seeds of a test, so that none takes long on a slow machine. */
const perTest = Math.ceil(seeds / 10);
const tallies: Tally[] = [];

for (let first = 0; first < seeds; first += perTest) {
  const chosen = Array.from({ length: Math.min(perTest, seeds - first) }, (_, at) => first + at);
  const which = `seeds ${first} to ${chosen.at(-1)}`;
  test(`what has to hold holds, whatever goes wrong (${which})`, async () => {
    tallies.push(await simulateMany(chosen));
  });
}

test(`much goes wrong in ${seeds} seeds`, () => {
  const sum = (what: keyof Tally) => tallies.reduce((total, tally) => total + tally[what], 0);
  for (const what of Object.keys(tallies[0]!) as (keyof Tally)[])
    expect([what, sum(what) > seeds / 100]).toEqual([what, true]);
  expect(sum("steps")).toBeGreaterThan(100 * seeds);
});
