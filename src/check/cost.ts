/** What a run will cost, from what one generation has. */
import { generationLengthOf } from "../algorithm/ready/ready.ts";
import { describeStrategy } from "../algorithm/strategy.ts";
import { generationsOf, stepsOfMember } from "../experiment/budget.ts";
import { describeExperiment, type Experiment } from "../experiment/experiment.ts";
import { count, duration, plural } from "../report/words.ts";
import type { Finding } from "./finding.ts";

/** Of one generation, in seconds and bytes. */
export interface Cost {
  readonly perStep: number;
  readonly evaluate: number;
  readonly save: number;
  readonly bytes: number;
}

/** A member keeps its last two models, and a third while it saves. */
const keptModels = 3;

/** Less than a minute between the generations of all members is not worth a warning. */
const muchSeconds = 60;

/** With fewer generations a schedule has hardly a form. */
const fewGenerations = 10;

export function costOf(experiment: Experiment, cost: Cost): Finding[] {
  const { population, budget, ready, strategies } = experiment;
  const steps = stepsOfMember(budget, population);
  const generations = generationsOf(describeExperiment(experiment));
  const between = cost.evaluate + cost.save;
  const findings: Finding[] = [];
  if (Number.isFinite(steps) && generations !== undefined) {
    const seconds = population * (steps * cost.perStep + generations * between);
    const disk = sizeOf(keptModels * population * cost.bytes);
    findings.push({
      kind: "note",
      text:
        `cost: ${plural(population, "member")} of ${plural(steps, "step")}, each in ` +
        `${plural(Math.ceil(generations), "generation")}, take about ${duration(seconds)} of ` +
        `one worker's time, and up to ${disk} for models`,
    });
  }
  const length = generationLengthOf(ready);
  const trained = length && "steps" in length ? length.steps * cost.perStep : Infinity;
  const isMuch = population * (generations ?? 0) * between >= muchSeconds;
  if (trained < between && isMuch)
    findings.push({
      kind: "warn",
      text:
        `cost: a generation trains for ${duration(trained)}, and then takes ` +
        `${duration(between)} to evaluate and save; make generations longer, or the evaluation ` +
        "shorter",
    });
  const copies = describeStrategy(strategies.exploit).name !== "noExploit";
  if (copies && generations !== undefined && generations < fewGenerations)
    findings.push({
      kind: "warn",
      text:
        `cost: each member gets ${count(generations)} generations, too few to find a schedule; ` +
        "make them shorter, or the budget larger",
    });
  return findings;
}

/** "24 MB". */
function sizeOf(bytes: number): string {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${["bytes", "kB", "MB", "GB"][power]}`;
}
