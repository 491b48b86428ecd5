import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bleu } from "./bleu.ts";

interface Recorded {
  readonly hypotheses: string[];
  readonly references: string[];
  readonly bleu: number;
}

const recorded: Recorded[] = JSON.parse(
  readFileSync(new URL("bleu-cases.json", import.meta.url), "utf8"),
);

test.each(recorded)(
  "sacrebleu gives $hypotheses the same score, $bleu",
  ({ hypotheses, references, bleu: score }) => {
    expect(Math.abs(bleu(hypotheses, references) - score)).toBeLessThan(0.01);
  },
);
