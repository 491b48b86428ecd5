import { existsSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { climb, Workplace } from "./command-line.ts";

const hook = new URL("../fixtures/dies-while-removing.mjs", import.meta.url);

test.each([
  ["beside the store", ".clade/checkpoints"],
  ["in a shared directory", "shared/checkpoints"],
])(
  "a removal killed among the checkpoints' files, %s, leaves the run listed; it is repeated",
  async (_, directory) => {
    using place = new Workplace();
    place.write("climb.mjs", climb());
    const url = pathToFileURL(place.path(directory)).href;
    const where = directory.startsWith("shared") ? ["--checkpoints", url] : [];
    const { run } = Workplace.result(
      await place.clade("run", "climb.mjs", "--json", "--workers", "1", ...where),
    ) as { run: string };
    const files = () => readdirSync(place.path(directory, run), { recursive: true }).length;
    const before = files();

    const killed = await place
      .with({ NODE_OPTIONS: `--import=${hook}` })
      .clade("remove", run, "--yes");
    expect(killed).toMatchObject({ code: null, stdout: "" });
    expect(files()).toBeLessThan(before);
    expect(files()).toBeGreaterThan(0);
    expect((await place.ask("list")).stdout).toContain(run);

    expect(await place.ask("remove", run, "--yes")).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(place.path(directory, run))).toBe(false);
    expect((await place.ask("list")).stdout).toContain("no runs yet");
  },
);
