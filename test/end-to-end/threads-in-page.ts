/** A program in a page, whose threads are Web Workers that serve the same experiment. */
import { defineExperiment, run, serveExperiment, type WebWorker } from "clade";
import { climbing } from "../../src/run/climbing.test-support.ts";

declare const Worker: new (url: string) => WebWorker;

const experiment = defineExperiment({ ...climbing, synchronous: true });

/** What the run depends on: its seed alone. */
export async function climb(startThread?: () => WebWorker): Promise<string> {
  const threads = startThread ? { threads: 2, startThread } : {};
  const result = await run(experiment, { seed: 1, ...threads });
  const { state } = await result.best!.state();
  // In 9 digits, because engines differ in the last digits of Math.cos.
  const numbers = [result.score!, result.copies, result.totalSteps, state.height];
  const { tree } = await result.figures();
  return [...numbers.map((value) => value.toPrecision(9)), tree.svg!.slice(0, 4)].join(" ");
}

/**
 * The page calls it.
 *
 * @public
 */
export function climbInPage(script: string): Promise<string> {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return climb(() => new Worker(url));
}

/**
 * The script of a thread. It comes late, as one does that loads its data first.
 *
 * @public
 */
export async function serve(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  serveExperiment(experiment);
}
