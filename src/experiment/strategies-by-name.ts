/** The built-in strategies under their names, for settings and files that are not TypeScript. */
import { binaryTournament } from "../algorithm/exploit/binary-tournament.ts";
import type { Exploit } from "../algorithm/exploit/exploit.ts";
import { noExploit } from "../algorithm/exploit/no-exploit.ts";
import { tTestSelection } from "../algorithm/exploit/t-test-selection.ts";
import { truncationSelection } from "../algorithm/exploit/truncation-selection.ts";
import type { Explore } from "../algorithm/explore/explore.ts";
import { noExplore } from "../algorithm/explore/no-explore.ts";
import { perturb } from "../algorithm/explore/perturb.ts";
import { resample } from "../algorithm/explore/resample.ts";

export const exploits: { readonly [name: string]: () => Exploit } = {
  truncationSelection,
  tTestSelection,
  binaryTournament,
  noExploit,
};

export const explores: { readonly [name: string]: () => Explore } = { perturb, resample, noExplore };
