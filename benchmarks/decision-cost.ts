/**
 * What a decision costs: an exploit, or an explore, with the last generations in its history.
 *
 *     npx node benchmarks/decision-cost.ts
 */
import {
  choice,
  type Exploit,
  type Explore,
  gpBandit,
  ladder,
  lead,
  logUniform,
  perturb,
  randomStream,
  type Snapshot,
  truncationSelection,
  twoSpeeds,
  uniform,
} from "clade";
import { RecentHistory } from "../src/algorithm/history.ts";
import { RankedPopulation } from "../src/algorithm/population.ts";
import { snapshotId } from "../src/algorithm/snapshot.ts";
import { searchSpace } from "../src/experiment/search-space/search-space.ts";
import { median } from "./reference/agreement.ts";
import { table, writeResults } from "./results-file.ts";

const space = searchSpace({
  rate: logUniform(1e-4, 1),
  momentum: uniform(0, 0.99),
  dropout: uniform(0, 0.8),
  optimizer: choice("sgd", "adam"),
});

/** Members that get better with noise, generation by generation. */
function past(size: number, generations: number) {
  const history = new RecentHistory();
  const population = new RankedPopulation({ direction: "maximize", size, generations }, history);
  const newest: Snapshot[] = [];
  for (let generation = 1; generation <= generations; generation++) {
    for (let member = 0; member < size; member++) {
      const random = randomStream("past", member, generation);
      const score = generation + 3 * random.normal();
      const snapshot: Snapshot = {
        id: snapshotId(member, generation),
        member,
        kind: "trained",
        parent: snapshotId(member, generation - 1),
        generation,
        step: generation * 100,
        memberSteps: generation * 100,
        hyperparameters: space.sample(random),
        score,
        metrics: { score },
      };
      history.add(snapshot);
      population.update(snapshot);
      newest[member] = snapshot;
    }
  }
  return { population, newest };
}

const scenes = [
  { name: "1,000 snapshots of history, 50 members", ...past(50, 20) },
  { name: "1,000 members, 20 generations", ...past(1000, 20) },
];
const exploits: Readonly<Record<string, Exploit>> = {
  "lead()": lead(),
  "twoSpeeds()": twoSpeeds(),
  "ladder()": ladder(),
  "truncationSelection()": truncationSelection(),
};
const explores: Readonly<Record<string, Explore>> = {
  "gpBandit()": gpBandit(),
  "perturb()": perturb(),
};

type Scene = (typeof scenes)[number];
const tries = 200;

/** The median of many, in ms: the first ones compile. */
function cost(decide: (member: Snapshot, seed: number) => void, { newest }: Scene): string {
  const times = Array.from({ length: tries }, (_, index) => {
    const began = performance.now();
    decide(newest[index % newest.length]!, index);
    return performance.now() - began;
  });
  return median(times).toFixed(3);
}

const rows = [
  ...Object.entries(exploits).map(([name, exploit]) => [
    name,
    ...scenes.map((scene) =>
      cost((member, seed) => exploit(member, scene.population, randomStream(seed)), scene),
    ),
  ]),
  ...Object.entries(explores).map(([name, explore]) => [
    name,
    ...scenes.map((scene) =>
      cost((member, seed) => {
        const situation = { step: 100, weights: member, member, population: scene.population };
        explore(member.hyperparameters, space, randomStream(seed), situation);
      }, scene),
    ),
  ]),
];
writeResults("decision-cost", "What a decision costs, in ms", [
  `Medians of ${tries}. Bars: 1 ms with 1,000 snapshots of history, 100 ms for the bandit.`,
  table(["strategy", ...scenes.map(({ name }) => name)], rows),
]);
