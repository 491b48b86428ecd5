/**
 * A worker's log: a line for each generation, at most one in ten seconds, and at least one per
 * minute.
 */

import { memberOf, type SnapshotId } from "../../algorithm/snapshot.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Claim } from "../../population-store/population-store.ts";
import { count, number, plural } from "../../report/words.ts";
import type { WorkEvent } from "../../worker/worker.ts";
import type { Context } from "../context.ts";

const restMs = 10_000;
const silentMs = 60_000;

export interface WorkLines {
  event(event: WorkEvent): void;
  holds(claim: Claim | undefined): void;
  /** Prints what is going on if nothing was printed for a minute. */
  tick(): void;
}

/**
 * Prints the lines of a worker of this process. The worker is named if there are others: 2/4 is
 * the second of four.
 */
export function tellWork({ print }: Context, experiment: Experiment, place: string): WorkLines {
  const name = place.endsWith("/1") ? "" : `worker ${place.split("/")[0]}`;
  const lines = workLines(experiment, name, print, Date.now);
  setInterval(lines.tick, 1_000).unref();
  return lines;
}

export function workLines(
  { objective }: Pick<Experiment, "objective">,
  name: string,
  print: (line: string) => void,
  now: () => number,
): WorkLines {
  let toldAt = Number.NEGATIVE_INFINITY;
  let silentSince = now();
  let untold = 0;
  let claim: Claim | undefined;
  let donor: SnapshotId | undefined;
  let since = now();

  function tell(text: string): void {
    const more = untold === 0 ? "" : `; ${plural(untold, "generation")} more since the last line`;
    const time = new Date(now()).toLocaleString("sv-SE");
    print(`${time} ${name === "" ? "" : `${name}: `}${text}${more}`);
    toldAt = now();
    silentSince = toldAt;
    untold = 0;
  }

  return {
    event(event) {
      const isQuick = now() - toldAt < restMs;
      if (event.type === "failure") {
        const { member, generation, message } = event.failure;
        tell(`member ${member} failed in generation ${generation + 1}: ${message}`);
      } else if (event.type === "decision") {
        donor = event.decision.kind === "copy" ? event.decision.donor : undefined;
      } else if (isQuick) untold++;
      else {
        const { member, generation, score, step } = event.snapshot;
        const result = `${objective.metric} ${number(score)} at step ${count(step)}`;
        const copied = donor === undefined ? "" : `, after a copy of member ${memberOf(donor)}`;
        tell(`member ${member} ended generation ${generation}: ${result}${copied}`);
      }
    },
    holds(held) {
      claim = held;
      donor = undefined;
      since = now();
    },
    tick() {
      if (now() - silentSince < silentMs) return;
      const seconds = Math.round((now() - since) / 1000);
      if (!claim) return tell("waits for other members");
      const generation = claim.newest.generation + 1;
      tell(`member ${claim.member} is in generation ${generation}, for ${seconds} s`);
    },
  };
}
