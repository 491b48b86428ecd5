/** What the guides show of a user's own strategies, stores and studies. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Experiment, Exploit } from "clade";
import { run } from "clade";
import { exploitConformance } from "clade/testing";
import { expect, test } from "vitest";
import { compile, filesOf, project } from "./written.ts";

const stores = `import type { CheckpointStore, PopulationStore } from "clade";
export declare function openYourStore(now: () => number): Promise<PopulationStore>;
export declare function openYourCheckpoints(): Promise<CheckpointStore>;
`;

test("every block is right for the compiler, and the strategies hold", async () => {
  const files = filesOf("add-a-strategy.md");
  const climb = files.find(({ name }) => name === "experiment.ts")!;
  const directory = project([
    ...files,
    ...filesOf("add-a-store.md"),
    { name: "your-store.ts", text: stores },
    ...filesOf("studies.md"),
    { ...climb, name: "digits.ts" },
  ]);
  compile(directory);

  const load = (name: string) => import(pathToFileURL(join(directory, name)).href);
  const { followTheLeader } = (await load("follow-the-leader.ts")) as { followTheLeader: Exploit };
  const { followTheBest } = (await load("follow-the-best.ts")) as {
    followTheBest: () => Exploit;
  };
  for (const exploit of [followTheLeader, followTheBest()])
    for (const { run } of exploitConformance(exploit)) await run();
  const { default: experiment } = (await load("experiment.ts")) as { default: Experiment };
  expect((await run(experiment, { seed: 1 })).copies).toBeGreaterThan(10);
  execFileSync(process.execPath, ["--conditions", "clade-source", "study.ts"], { cwd: directory });
});
