/** What takes long begins first, so that no worker is left with it at the end. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const long = [
  "python/python-client",
  "end-to-end/command-line",
  "population-store/postgres/postgres-population-store",
  "population-store/postgres/postgres-outages",
  "faults/mixture",
  "crash/crash",
];

function isLong({ moduleId }: TestSpecification): boolean {
  return long.some((name) => moduleId.endsWith(`/${name}.test.ts`));
}

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
