/** Of four members the first has hyperparameters of which its thread dies. */
import { withSettings } from "clade";
import experiment from "./climbing.ts";

export default withSettings(experiment, {
  initial: [{ rate: 0.9 }, { rate: 0.01 }, { rate: 0.02 }, { rate: 0.03 }],
});
