import { defineStudy } from "clade";
import { expect, test } from "vitest";
import { studyRunId } from "./study-run-id.ts";

const study = defineStudy({ name: "sizes", experiment: "climbing.ts", seeds: 1 });

test("the id of a study's run never changes: stores have it", () => {
  const id = (label: string) => studyRunId(study, label, 3);
  expect(id("pbt population=4")).toBe("sizes-pbt-population-4-seed-3");
  expect(id("pbt exploit={ tTestSelection: { samples: 5 } }")).toBe(
    "sizes-pbt-exploit-tTestSelection-samples-5-57a78f0d-seed-3",
  );
  expect(id("pbt rate=-1")).not.toBe(id("pbt rate=1"));
});
