/**
 * Checks that imports run one way, as docs/ARCHITECTURE.md draws it: a folder may import from
 * itself and from those listed for it, and no file imports itself by way of others.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const experiment = ["algorithm"];
const contracts = [...experiment, "experiment"];
const analysis = [...contracts, "population-store"];
const worker = [...contracts, "population-store", "checkpoint-store", "trainer"];
const run = [...worker, "worker", "analysis", "report", "processes"];
const allowed: { readonly [folder: string]: readonly string[] } = {
  algorithm: [],
  experiment,
  database: ["algorithm"],
  "population-store": [...contracts, "database"],
  "checkpoint-store": [...contracts, "database"],
  trainer: contracts,
  worker,
  analysis,
  run,
  check: run,
  processes: [...worker, "worker"],
  cluster: [...worker, "worker"],
  report: [...analysis, "analysis"],
  cli: [...run, "run", "check", "cluster"],
  testing: worker,
};

/** Folders that have to run in a browser, and the two entry files that say so. */
const withoutNode = [
  "algorithm/",
  "experiment/",
  "analysis/",
  "database/indexed-db/",
  "population-store/memory/",
  "population-store/indexed-db/",
  "checkpoint-store/memory/",
  "checkpoint-store/indexed-db/",
  "trainer/in-process/",
  "worker/",
  "run/",
  "core.ts",
];

/** What core.ts does not import. */
const inNode = [
  "run/in-node.ts",
  "run/node-host.ts",
  "run/threads/node-thread.ts",
  "run/threads/node-threads.ts",
];

/** The files of src/, and what each imports, types included. */
type Imports = ReadonlyMap<string, readonly string[]>;

function readImports(): Imports {
  const source = fileURLToPath(new URL("../src", import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
    /(?<!\.test|\.test-support)\.ts$/.test(file),
  );
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(source, file), "utf8");
      const found = text.matchAll(/(?:from|import) "([^"]+)"|import\("([^"]+)"\)/g);
      const specifiers = Array.from(found, ([, fixed, late]) => (fixed ?? late)!);
      return [file, specifiers.map((name) => targetOf(file, name))] as const;
    }),
  );
}

/** A path in src/, or the name of a module that is not ours. */
function targetOf(file: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
}

function againstDirection(imports: Imports): string[] {
  return [...imports].flatMap(([file, targets]) =>
    targets.flatMap((target) => {
      const isForBrowsers =
        !inNode.includes(file) && withoutNode.some((place) => file.startsWith(place));
      if (target.startsWith("node:") && isForBrowsers)
        return [`${file} imports ${target}, and has to run in a browser`];
      const [from, to] = [file.split("/")[0]!, target.split("/")[0]!];
      const isWithin = from === to || !file.includes("/") || !imports.has(target);
      return isWithin || allowed[from]?.includes(to)
        ? []
        : [`${file} imports ${target}, against the direction of imports`];
    }),
  );
}

/** Each circle of imports that is not known, found by going down from every file. */
function circles(imports: Imports): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (done.has(file)) return;
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(" imports "));
      return;
    }
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}

const imports = readImports();
const complaints = [...againstDirection(imports), ...circles(imports)];
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;
else console.log(`imports run one way in ${imports.size} files`);
