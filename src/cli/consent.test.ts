import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { consent } from "./consent.ts";

function dialog(answer: string, isTTY = true) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  stdin.end(answer);
  return { stdin, stderr };
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
  expect(await consent(asked, "remove digits-x7", "remove run digits-x7?")).toBe(meant);
  expect(String(asked.stderr.read())).toBe("remove run digits-x7? [y/N] ");
});

test("where nobody can be asked, it says how it is done", async () => {
  await expect(consent(dialog("y\n", false), "remove digits-x7", "remove?")).rejects.toThrow(
    "remove digits-x7 - cannot be undone, and there is no terminal to confirm it in; " +
      "add --yes to confirm.",
  );
});
