import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { consent } from "./consent.ts";

function dialog(answer: string, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY });
  input.end(answer);
  return { input, output };
}

test.each([
  ["y\n", true],
  [" YES \n", true],
  ["n\n", false],
  ["\n", false],
  ["yesterday\n", false],
  ["", false],
])("the answer %o means %s", async (answer, meant) => {
  const asked = dialog(answer);
  expect(await consent("remove digits-x7", "remove run digits-x7?", asked)).toBe(meant);
  expect(String(asked.output.read())).toBe("remove run digits-x7? [y/N] ");
});

test("where nobody can be asked, it says how it is done", async () => {
  await expect(consent("remove digits-x7", "remove?", dialog("y\n", false))).rejects.toThrow(
    "remove digits-x7 - cannot be undone, and here is no terminal to ask in; add --yes if it is meant.",
  );
});
