import { expect, test } from "vitest";
import type { Finding } from "./finding.ts";
import { sayReadBack } from "./say-read-back.ts";

const own = { member: 0, seed: 1, hyperparameters: { rate: 0.1, momentum: 0.9, dropout: 0.5 } };

test("each hyperparameter is read back at both ends, at the first only, or not", () => {
  const said: [Finding["kind"], string][] = [];
  const say = (kind: Finding["kind"], text: string) => void said.push([kind, text]);
  const readBack = new Set(["rate", "momentum"]);
  sayReadBack({ own, say }, { readBack, readBackAfterTraining: new Set(["rate"]) });
  expect(said).toEqual([
    ["ok", expect.stringMatching(/^rate: read back .* before the first step and after the last$/)],
    [
      "note",
      expect.stringMatching(/^momentum: .* before the first step only, so a later overwrite/),
    ],
    ["note", expect.stringMatching(/^dropout: .* without reading it back, so whether/)],
  ]);
});

test("nothing is said of a trainer that is told its hyperparameters with each step", () => {
  const say = () => expect.unreachable();
  sayReadBack({ own, say }, {});
});
