/** What takes long begins first, so that no worker is left with it at the end. */
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

const long = [
  "python/python-client",
  "end-to-end/command-line",
  "population-store/postgres/postgres-population-store",
  "faults/mixture",
  "crash/crash",
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      (long.findIndex((name) => moduleId.endsWith(`${name}.test.ts`)) + 1 || Infinity) - 1;
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other) || 0);
  }
}
