/**
 * Checks that imports run one way, as docs/ARCHITECTURE.md draws it. A folder may import from
 * itself and from those listed for it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const experiment = ["algorithm"];
const contracts = [...experiment, "experiment"];
const analysis = [...contracts, "population-store"];
const worker = [...contracts, "population-store", "checkpoint-store", "trainer"];
const allowed: { readonly [folder: string]: readonly string[] } = {
  algorithm: [],
  experiment,
  "population-store": contracts,
  "checkpoint-store": contracts,
  trainer: contracts,
  worker,
  analysis,
  processes: [...worker, "worker"],
  cluster: [...worker, "worker"],
  report: [...analysis, "analysis"],
  cli: [...worker, "worker", "processes", "cluster", "analysis", "report"],
  testing: worker,
};

/** Folders that have to run in a browser, and the two entry files that say so. */
const withoutNode = [
  "algorithm/",
  "experiment/",
  "analysis/",
  "population-store/memory/",
  "checkpoint-store/memory/",
  "trainer/in-process/",
  "browser.ts",
];

const source = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  /(?<!\.test)\.ts$/.test(file),
);
const complaints: string[] = [];
for (const file of files) {
  const text = readFileSync(join(source, file), "utf8");
  for (const [, specifier] of text.matchAll(/(?:from|import) "([^"]+)"/g)) {
    if (specifier!.startsWith("node:") && withoutNode.some((place) => file.startsWith(place))) {
      complaints.push(`${file} imports ${specifier}, and has to run in a browser`);
    }
    if (!specifier!.startsWith(".")) continue;
    const target = relative(source, join(source, dirname(file), specifier!));
    const from = file.split("/")[0]!;
    const to = target.split("/")[0]!;
    if (from === to || !file.includes("/")) continue;
    if (!allowed[from]?.includes(to))
      complaints.push(`${file} imports ${target}, against the direction of imports`);
  }
}
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;
else console.log(`imports run one way in ${files.length} files`);
