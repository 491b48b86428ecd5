import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { inLongRuns, isLong } from "../long.ts";
import { clientPath, python, withoutPython } from "./python.ts";

const directory = fileURLToPath(new URL("../../python", import.meta.url));

describe.skipIf(withoutPython)(`the Python client (${withoutPython ?? python})`, () => {
  test("its own tests pass", () => {
    const ran = spawnSync(python, ["-m", "unittest", "discover", "-v", "-s", "tests"], {
      cwd: directory,
      env: { ...process.env, PYTHONPATH: clientPath },
      encoding: "utf8",
    });
    const skipped = ran.stderr.split("\n").filter((line) => line.includes("... skipped"));
    if (skipped.length > 0)
      console.log(`skipped in the Python client's tests:\n${skipped.join("\n")}`);
    expect(ran).toMatchObject({ status: 0, stderr: expect.stringMatching(/^Ran \d+ tests/m) });
  });

  const canBuild =
    isLong &&
    spawnSync(python, [
      "-c",
      "import setuptools, sys; sys.exit(int(setuptools.__version__.split('.')[0]) < 77)",
    ]).status === 0;
  test.skipIf(!canBuild)(
    "its wheel is built, and works where nothing else is installed " +
      `(needs setuptools 77 or later)${inLongRuns}`,
    () => {
      const place = mkdtempSync(join(tmpdir(), "clade-wheel-"));
      try {
        const pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
        const run = (file: string, ...words: string[]) =>
          execFileSync(file, words, { cwd: place, encoding: "utf8" });
        // A copy, because setuptools builds in the source directory.
        run("cp", "-r", directory, "client");
        run(
          python,
          ...pip,
          "wheel",
          "--no-deps",
          "--no-build-isolation",
          "--wheel-dir",
          ".",
          "./client",
        );
        run(python, "-m", "venv", "--without-pip", "environment");
        run(
          python,
          ...pip,
          "--python",
          "environment/bin/python",
          "install",
          "--no-index",
          "--find-links",
          ".",
          "clade",
        );
        const said = run(
          "environment/bin/python",
          "-c",
          "import clade; print(clade.__version__, clade.__file__)",
        );
        expect(said).toMatch(/^0\.1\.0 .*environment\/lib.*site-packages\/clade\/__init__\.py\n$/);
      } finally {
        rmSync(place, { recursive: true });
      }
    },
  );
});
