import { strategy } from "../strategy.ts";
import type { SimpleExplore } from "./explore.ts";

/**
 * Hyperparameters stay as they are. With an exploit this is selection only, the control that shows
 * what exploring adds.
 */
export const noExplore = strategy(
  {
    name: "noExplore",
    summary: "Hyperparameters stay as they are: selection only, the other control.",
  },
  {},
  (): SimpleExplore => (hyperparameters) => hyperparameters,
);
