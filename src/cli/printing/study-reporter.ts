/** Reports a study in progress: a table that is redrawn in place, or a line for each run. */

import type { PlannedVariant } from "../../experiment/study/plan.ts";
import type { Study } from "../../experiment/study/study.ts";
import { duration, number, plural } from "../../report/words.ts";
import type { RunSummary } from "../../run/run-summary.ts";
import type { Context } from "../context.ts";
import { table } from "./format.ts";
import type { Reporter } from "./reporter.ts";
import { medianOf, type RunView } from "./run-view.ts";
import { liveDrawing } from "./terminal.ts";

export interface StudyReporter {
  /** Reports the run of a variant with a seed while it is in progress. */
  of(variant: PlannedVariant, seed: number): Reporter;
  /** The run has ended, now or before. */
  finished(variant: PlannedVariant, seed: number, result: RunSummary): void;
  ended(): void;
}

interface Going {
  readonly label: string;
  readonly seed: number;
  readonly view: RunView;
}

export async function studyReporter(
  { print, stdout }: Context,
  study: Study,
  plan: readonly PlannedVariant[],
  json: boolean,
): Promise<StudyReporter> {
  const results = new Map<string, RunSummary[]>(plan.map(({ label }) => [label, []]));
  const total = plan.length * study.seeds.length;
  const live = stdout.isTTY && !json ? await liveDrawing(stdout) : undefined;
  let isNew = false;
  const count = () => [...results.values()].reduce((sum, done) => sum + done.length, 0);
  const draw = (now?: Going) => {
    live?.draw(`${studyTable(study, results, now)}\n${count()} of ${total} runs done`);
  };
  if (!json) {
    const [variants, seeds] = [plural(plan.length, "variant"), plural(study.seeds.length, "seed")];
    print(`study ${study.name}: ${variants}, ${seeds}, ${plural(total, "run")}`);
  }
  return {
    of({ label }, seed) {
      isNew = true;
      return {
        started: (view) => draw({ label, seed, view }),
        event() {},
        tick: (view) => draw({ label, seed, view }),
        ended() {},
      };
    },
    finished({ label }, seed, result) {
      results.get(label)!.push(result);
      if (json) print(JSON.stringify({ type: "run", variant: label, ...result }));
      else if (live) draw();
      else if (isNew) {
        const took = `${result.state.kind} in ${duration(result.seconds)}`;
        const score = number(shownScore(result));
        print(`${count()}/${total}  ${label}, seed ${seed}: ${score}, ${took}`);
      }
      isNew = false;
    },
    ended() {
      draw();
      live?.done();
    },
  };
}

function studyTable(
  { seeds }: Study,
  results: ReadonlyMap<string, readonly RunSummary[]>,
  now: Going | undefined,
): string {
  const rows = Array.from(results, ([label, done]) => [
    label,
    `${done.length}/${seeds.length}`,
    number(medianOf(done.map(shownScore))),
    now?.label === label ? `seed ${now.seed}: ${percent(now.view)}` : "",
  ]);
  return table([["variant", "done", "median", ""], ...rows]);
}

/** The held-out metric of the best model if there is one, otherwise its score. */
function shownScore({ final, score }: RunSummary): number | undefined {
  return final ?? score;
}

function percent(view: RunView): string {
  return `${Math.floor(view.progress().share * 100)}%`;
}
