/** The page's digits, short, for Node's threads and for a page's. */
import { type Experiment, serveExperiment, withSettings } from "clade";
import { experimentOf } from "../../examples/browser/experiment.ts";

const experiment: Experiment = withSettings(experimentOf("random-search"), {
  "budget.stepsPerMember": 2000,
});

export default experiment;

// In a page the script of a Web Worker is this file.
if ("WorkerGlobalScope" in globalThis) serveExperiment(experiment);
