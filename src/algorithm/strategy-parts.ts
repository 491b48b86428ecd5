/** The parts of an experiment that are strategies. */
export const strategyParts = ["ready", "exploit", "explore"] as const;
export type StrategyPart = (typeof strategyParts)[number];
