/** The built-in strategies under their names, for settings and files that are not TypeScript. */
import type { z } from "zod";
import { binaryTournament } from "../algorithm/exploit/binary-tournament.ts";
import type { Exploit } from "../algorithm/exploit/exploit.ts";
import { noExploit } from "../algorithm/exploit/no-exploit.ts";
import { sequential } from "../algorithm/exploit/sequential.ts";
import { successiveHalving } from "../algorithm/exploit/successive-halving.ts";
import { tTestSelection } from "../algorithm/exploit/t-test-selection.ts";
import { truncationSelection } from "../algorithm/exploit/truncation-selection.ts";
import type { Explore } from "../algorithm/explore/explore.ts";
import { followSchedule } from "../algorithm/explore/follow-schedule.ts";
import { noExplore } from "../algorithm/explore/no-explore.ts";
import { perturb } from "../algorithm/explore/perturb.ts";
import { resample } from "../algorithm/explore/resample.ts";
import { everySeconds } from "../algorithm/ready/every-seconds.ts";
import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { Ready } from "../algorithm/ready/ready.ts";

/**
 * Options are checked by the strategy itself, so they may be anything here; `shape` says what they
 * should be.
 */
export interface StrategiesByName<F> {
  readonly [name: string]: ((options?: never) => F) & { readonly shape: z.ZodRawShape };
}

export const exploits: StrategiesByName<Exploit> = {
  truncationSelection,
  tTestSelection,
  binaryTournament,
  noExploit,
  successiveHalving,
  sequential,
};

export const explores: StrategiesByName<Explore> = {
  perturb,
  resample,
  noExplore,
  followSchedule,
};

/** From the length of a generation, which is checked where it is used. */
export const readies: { readonly [name: string]: (length: unknown) => Ready } = {
  everySteps: (steps) => everySteps(steps as number),
  everySeconds: (seconds) => everySeconds(seconds as number),
};
