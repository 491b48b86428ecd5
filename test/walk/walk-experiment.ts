/** The experiment of the fault tests: the walk, in this process or as a command. */
import { truncationSelection } from "../../src/algorithm/exploit/truncation-selection.ts";
import { everySteps } from "../../src/algorithm/ready/every-steps.ts";
import { command } from "../../src/experiment/command.ts";
import { defineExperiment, type Experiment } from "../../src/experiment/experiment.ts";
import { maximize } from "../../src/experiment/objective.ts";
import { choice } from "../../src/experiment/search-space/choice.ts";
import { logUniform } from "../../src/experiment/search-space/log-uniform.ts";
import { Walk } from "./walk.ts";

export const stepsPerGeneration = 5;

const script = new URL("./walk-command.ts", import.meta.url).pathname;

export function walkExperiment(options: {
  readonly population: number;
  readonly stepsPerMember: number;
  readonly synchronous: boolean;
  readonly trainer?: "in this process" | "command";
}): Experiment {
  return defineExperiment({
    name: "crash",
    hyperparameters: { learningRate: logUniform(1e-3, 1), momentum: choice("none", "some") },
    objective: maximize("position"),
    ready: everySteps(stepsPerGeneration),
    exploit: truncationSelection({ fraction: 0.34 }),
    budget: { stepsPerMember: options.stepsPerMember },
    trainer: options.trainer === "command" ? command(`"${process.execPath}" "${script}"`) : Walk,
    population: options.population,
    synchronous: options.synchronous,
  });
}
