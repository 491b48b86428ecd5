/** Reports a run in progress: to a person at a terminal, to a file, or to a program. */

import { legibleBelow, legibleLine } from "../../algorithm/legible.ts";
import type { Decision } from "../../algorithm/population-based-training.ts";
import { isRecovery } from "../../population-store/decisions.ts";
import type { Failure } from "../../population-store/population-store.ts";
import { count, duration, hyperparameters, number, placeOf, plural } from "../../report/words.ts";
import type { RunSummary } from "../../run/run-summary.ts";
import type { RunEvent } from "../../run/watch.ts";
import type { Context, Output } from "../context.ts";
import {
  outageOf,
  outageText,
  type PresentWorker,
  setAsideOf,
  workerLine,
} from "../runs/run-state.ts";
import { measured, sparkline } from "./format.ts";
import type { RunView } from "./run-view.ts";
import { cut, liveDrawing, styled } from "./terminal.ts";

const maxTroubles = 3;

export interface Reporter {
  started(view: RunView, workers: number): void;
  event(event: RunEvent, view: RunView): void;
  /** Called a few times a second. */
  tick(view: RunView): void;
  /** The set-aside workers have changed. */
  workers?(view: RunView): void;
  ended(view: RunView, result: RunSummary): void;
}

/**
 * Prints each event as a JSON object on its own line of standard output, the last one of type
 * "result". Nothing else is printed there.
 */
export function jsonReporter({ stdout }: Context): Reporter {
  const print = (value: object) => stdout.write(`${JSON.stringify(value)}\n`);
  return {
    started: ({ run }, workers) =>
      print({ type: "started", run: run.id, seed: run.seed, workers, experiment: run.experiment }),
    event: (event) => print(event),
    tick() {},
    workers({ workers }) {
      const outage = outageOf(workers);
      print({
        type: "workers",
        setAside: setAsideOf(workers),
        ...(outage && { waiting: outage }),
      });
    },
    ended: (_view, result) => print({ type: "result", ...result }),
  };
}

/** Plain lines, at most one every ten seconds besides failures. */
export function plainReporter({ print, stdout }: Context): Reporter {
  let toldAt = Date.now();
  return {
    started: (view, workers) => print(startedLine(view, workers, stdout)),
    event(event) {
      if (event.type === "failure") print(failureLine(event.failure));
      if (event.type === "decision" && isRecovery(event.decision))
        print(recoveryLine(event.decision));
    },
    workers: ({ workers }) => {
      const lines = troubleLines(workers);
      if (lines.length === 0) print("no worker is set aside any more");
      for (const line of lines) print(legibleLine(line));
    },
    tick(view) {
      if (Date.now() - toldAt < 10_000) return;
      toldAt = Date.now();
      print(statusLine(view));
    },
    ended() {},
  };
}

/** A view that is redrawn in place: progress, scores, a sparkline per member, the last copies. */
export async function liveReporter({ print, stdout }: Context): Promise<Reporter> {
  const { draw, done } = await liveDrawing(stdout);
  return {
    started: (view, workers) => print(startedLine(view, workers, stdout)),
    event() {},
    tick: (view) => draw(liveView(view, stdout)),
    ended(view) {
      draw(liveView(view, stdout));
      done();
    },
  };
}

function liveView(view: RunView, stdout: Output): string {
  const { columns = 80, rows = 24 } = stdout;
  const shownMembers = Math.max(4, rows - 12);
  const { share } = view.progress();
  const bar = Math.min(30, Math.floor(columns / 4));
  const filled = Math.round(share * bar);
  const lines = [
    `${"█".repeat(filled)}${"░".repeat(bar - filled)} ${statusLine(view)}`,
    "",
    ...memberLines(view, shownMembers),
    "",
    ...view.copies,
    ...troubleLines(view.workers).map((line) => styled("red", legibleLine(line), stdout)),
    ...(view.lastFailure
      ? [styled("red", legibleLine(failureLine(view.lastFailure)), stdout)]
      : []),
  ];
  return lines.map((line) => cut(line, columns)).join("\n");
}

function memberLines(view: RunView, shown: number): string[] {
  const kept = view.scores.slice(0, shown);
  const all = kept.flat().filter((score) => score !== undefined);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const lines = kept.map((scores, member) => {
    const newest = view.newest(member);
    const bars = sparkline(scores, low, high).padEnd(24);
    const state =
      newest && newest.generation > 0
        ? `${number(newest.score).padStart(8)}  ${hyperparameters(newest.hyperparameters)}`
        : "";
    return `${String(member).padStart(6)}  ${bars} ${state}`;
  });
  const hidden = view.scores.length - lines.length;
  return hidden > 0 ? [...lines, `        and ${count(hidden)} more`] : lines;
}

/** Says that everything fails everywhere, or on which workers. */
function troubleLines(workers: readonly PresentWorker[]): string[] {
  const outage = outageOf(workers);
  return outage ? [outageText(outage)] : setAsideOf(workers).slice(0, maxTroubles).map(workerLine);
}

function startedLine({ run }: RunView, workers: number, stdout: Output): string {
  const members = plural(run.experiment.population, "member");
  const id = styled("bold", run.id, stdout);
  return `run ${id}: ${members} on ${plural(workers, "worker")}, seed ${run.seed}`;
}

function statusLine(view: RunView): string {
  const { share, secondsLeft } = view.progress();
  const { metric } = view.run.experiment.objective;
  const hasTime = secondsLeft !== undefined && share < 1;
  const left = outageOf(view.workers)
    ? ", waiting"
    : hasTime
      ? `, ${duration(secondsLeft)} left`
      : "";
  const best = `best ${measured(metric, view.best?.score)}, median ${number(view.median)}`;
  const failures = view.failureCount > 0 ? `, ${plural(view.failureCount, "failure")}` : "";
  const copies = plural(view.copyCount, "copy", "copies");
  const done = `${Math.floor(share * 100)}%${left}`;
  return `${done}  ${best}, ${count(view.totalSteps)} steps, ${copies}${failures}`;
}

export function failureLine(failure: Failure): string {
  return `member ${failure.member} failed ${placeOf(failure)}: ${legibleBelow(failure.message)}`;
}

export function recoveryLine({ member, reason }: Decision): string {
  return `member ${member} ${legibleBelow(reason.text)}`;
}
