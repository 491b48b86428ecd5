/**
 * Every built-in strategy. Files, settings, the JSON Schema, tables of the documentation and
 * messages take their strategies from these lists, and what they say of them from the definitions.
 */
import { binaryTournament } from "./exploit/binary-tournament.ts";
import type { Exploit } from "./exploit/exploit.ts";
import { ladder } from "./exploit/ladder.ts";
import { lead } from "./exploit/lead.ts";
import { noExploit } from "./exploit/no-exploit.ts";
import { sequential } from "./exploit/sequential.ts";
import { successiveHalving } from "./exploit/successive-halving.ts";
import { tTestSelection } from "./exploit/t-test-selection.ts";
import { truncationSelection } from "./exploit/truncation-selection.ts";
import { twoSpeeds } from "./exploit/two-speeds.ts";
import type { Explore } from "./explore/explore.ts";
import { followSchedule } from "./explore/follow-schedule.ts";
import { gpBandit } from "./explore/gp-bandit/gp-bandit.ts";
import { noExplore } from "./explore/no-explore.ts";
import { perturb } from "./explore/perturb.ts";
import { resample } from "./explore/resample.ts";
import { atSteps } from "./ready/at-steps.ts";
import { everySeconds } from "./ready/every-seconds.ts";
import { everySteps } from "./ready/every-steps.ts";
import type { Ready } from "./ready/ready.ts";
import { readyWhen } from "./ready/ready-when.ts";
import type { StrategyFactory } from "./strategy.ts";

export interface BuiltInStrategies {
  readonly ready: readonly StrategyFactory<Ready>[];
  readonly exploit: readonly StrategyFactory<Exploit>[];
  readonly explore: readonly StrategyFactory<Explore>[];
}

/** In the order in which they are shown. */
export const builtInStrategies: BuiltInStrategies = {
  ready: [everySteps, everySeconds, atSteps, readyWhen],
  exploit: [
    lead,
    twoSpeeds,
    ladder,
    truncationSelection,
    tTestSelection,
    binaryTournament,
    noExploit,
    successiveHalving,
    sequential,
  ],
  explore: [perturb, resample, gpBandit, noExplore, followSchedule],
};
