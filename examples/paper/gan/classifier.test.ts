import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { judge, readClassifiers } from "./classifier.ts";
import { inceptionScore } from "./inception-score.ts";
import { CLASSES, PIXELS, reportingHalf, steeringHalf } from "./pictures.ts";

test("no picture is in both halves", () => {
  const pictures = ({ ink, count }: typeof steeringHalf) =>
    Array.from({ length: count }, (_, i) => ink.subarray(i * PIXELS, (i + 1) * PIXELS).join());
  const seen = new Set(pictures(steeringHalf));
  expect(seen.size + pictures(reportingHalf).filter((picture) => !seen.has(picture)).length).toBe(
    1797,
  );
});

test("real pictures that neither classifier has seen score 9 of 10 by both", async () => {
  const [steering, reporting] = readClassifiers();
  const bySteering = await judge(steering, reportingHalf.ink);
  const byReporting = await judge(reporting, steeringHalf.ink);
  expect(inceptionScore(bySteering.probabilities, CLASSES)).toBeCloseTo(9.06, 1);
  expect(inceptionScore(byReporting.probabilities, CLASSES)).toBeCloseTo(9.08, 1);
});

test("a missing file of classifiers says which command makes it", () => {
  expect(() => readClassifiers(pathToFileURL("/nowhere/classifiers.bin"))).toThrow(
    "/nowhere/classifiers.bin is missing; make it with: npx node " +
      "examples/paper/gan/train-classifiers.ts",
  );
});
