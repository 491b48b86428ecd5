/** A program in one file: it declares an experiment and runs it as soon as it is loaded. */
import { run } from "clade";
import experiment from "./climbing.ts";

export default experiment;
await run(experiment, { seed: 1 });
