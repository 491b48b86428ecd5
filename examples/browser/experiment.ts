/** The quickstart's digits, with each of several strategies. */
import {
  binaryTournament,
  defineExperiment,
  type Experiment,
  everySteps,
  ladder,
  noExploit,
  noExplore,
  perturb,
  truncationSelection,
  twoSpeeds,
} from "clade/browser";
import digits from "../quickstart/digits.ts";

const { name: _, ready: __, exploit: ___, explore: ____, ...declaration } = digits.declaration;

export const methods = {
  lead: { title: "copy only from a clear lead (the default)", strategies: {} },
  truncation: {
    title: "truncation selection (the paper)",
    strategies: {
      exploit: truncationSelection({ fraction: 0.25 }),
      explore: perturb({ factors: [1 / 1.5, 1.5] }),
    },
  },
  tournament: {
    title: "binary tournament (the paper)",
    strategies: { exploit: binaryTournament(), explore: perturb() },
  },
  "two-speeds": { title: "two speeds", strategies: { exploit: twoSpeeds() } },
  ladder: {
    title: "a ladder of intervals (MF-PBT)",
    strategies: { exploit: ladder({ intervals: [1, 5] }) },
  },
  "selection-only": {
    title: "selection only, without exploring",
    strategies: { exploit: truncationSelection({ fraction: 0.25 }), explore: noExplore() },
  },
  "random-search": {
    title: "random search",
    strategies: { exploit: noExploit(), explore: noExplore() },
  },
} as const;

export type Method = keyof typeof methods;

export const stepsPerMember = 3000;
const generations = 50;

/** The experiment's name is that of its method, so a run says which it has. */
export function experimentOf(method: Method): Experiment {
  return defineExperiment({
    ...declaration,
    name: method,
    ready: everySteps(stepsPerMember / generations),
    budget: { stepsPerMember },
    ...methods[method].strategies,
  } as never) as unknown as Experiment;
}
