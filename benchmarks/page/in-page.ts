/** Trains the digits with threads of the page. Resolves the seconds. */
import { run, type WebWorker } from "clade";
import experiment from "./digits.ts";

declare const Worker: new (url: string, options: object) => WebWorker;

Object.assign(globalThis, {
  async train(thread: string, threads: number): Promise<number> {
    const began = performance.now();
    const startThread = () => new Worker(thread, { type: "module" });
    await run(experiment, { seed: 1, threads, startThread });
    return (performance.now() - began) / 1000;
  },
});
