/**
 * What a run's trainer consists of, as hashes: the experiment's file and the files of its
 * directory, or beside it, that it imports; for a command also the scripts, programs and settings
 * that its words name, with what they import, but not the data. Packages are not looked into, and
 * neither is what is loaded by a name that is made up while it runs.
 */
import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Experiment } from "../../experiment/experiment.ts";
import { isCommand } from "../../experiment/trainer.ts";

type Code = { readonly [file: string]: string };

/**
 * How a language refers to a user's own files: the pattern in the text, and the paths that it may
 * mean.
 */
const imports: { readonly [extension: string]: (text: string, file: string) => string[] } = {
  ".py": pythonImports,
  ...Object.fromEntries(
    [".ts", ".mts", ".js", ".mjs", ".cjs"].map((extension) => [extension, scriptImports]),
  ),
};

/**
 * What a command's words may name besides: scripts of languages whose imports are not followed,
 * and settings.
 */
const scriptsAndSettings = new Set(
  ".sh .bash .jl .r .lua .rb .pl .yaml .yml .toml .json .ini .cfg".split(" "),
);

/** This Clade's own files, which a checkout's examples import. */
const ours = fileURLToPath(new URL("../../", import.meta.url));

/** The SHA-256 of each file, by its path from the experiment's directory. */
export function codeOf(experimentFile: string, { trainer }: Experiment): Code {
  const file = resolve(experimentFile);
  const directory = dirname(file);
  const first = [file];
  if (isCommand(trainer)) {
    const place = resolve(directory, trainer.directory ?? "");
    const withoutOutputs = trainer.command.replaceAll(/>+\s*\S+/g, " ");
    const files = withoutOutputs.split(/[\s'"=;&|<]+/).flatMap((word) => fileAt(place, word));
    first.push(...files.filter(isCode));
  }
  const found = new Map<string, string>();
  for (const path of first) addWithImports(path, found);
  const named = Array.from(found, ([path, sha256]) => [shown(directory, path), sha256] as const);
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A file that a trainer reads as data or writes to is not code. It may be of any size, and may
 * change during the run.
 */
function isCode(file: string): boolean {
  const extension = extname(file).toLowerCase();
  if (extension in imports || scriptsAndSettings.has(extension)) return true;
  return extension === "" && (statSync(file).mode & 0o111) !== 0;
}

/** The differences between the code of a run and the code here, in words. */
export function differences(then: Code, here: Code): string[] {
  const files = new Set([...Object.keys(then), ...Object.keys(here)]);
  return [...files].flatMap((file) => {
    if (then[file] === here[file]) return [];
    if (here[file] === undefined) return [`${file} is missing here`];
    return [then[file] === undefined ? `${file} is only here` : `${file} differs`];
  });
}

function addWithImports(file: string, found: Map<string, string>): void {
  if (found.has(file) || file.startsWith(ours) || file.includes("/node_modules/")) return;
  const bytes = readFileSync(file);
  found.set(file, hash("sha256", bytes));
  for (const imported of imports[extname(file)]?.(bytes.toString("utf8"), file) ?? [])
    addWithImports(imported, found);
}

/** Relative imports of JavaScript and TypeScript, those of `import()` and `require()` included. */
function scriptImports(text: string, file: string): string[] {
  const named = text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.[^"'\n]+)["']/g);
  return Array.from(named, ([, path]) => fileAt(dirname(file), path!)).flat();
}

/**
 * Modules of Python that lie beside the file that imports them, or above it for those with leading
 * dots.
 */
function pythonImports(text: string, file: string): string[] {
  const lines = text.matchAll(
    /^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+([^#\n]+)|import[ \t]+([^#\n]+))/gm,
  );
  return Array.from(lines, ([, from, names = "", plain]) => {
    if (from === undefined)
      return plain!
        .split(",")
        .flatMap((name) => moduleAt(dirname(file), name.trim().split(/\s/)[0]!));
    const [, dots, path] = /^(\.*)(.*)$/.exec(from)!;
    const directory = join(
      dirname(file),
      ...Array.from({ length: Math.max(0, dots!.length - 1) }, () => ".."),
    );
    // `from package import module`: the names may be modules, too.
    const modules = names
      .split(",")
      .map((name) =>
        [path, name.replaceAll(/[()]/g, "").trim().split(/\s/)[0]].filter(Boolean).join("."),
      );
    return [
      ...(path ? moduleAt(directory, path) : []),
      ...modules.flatMap((name) => moduleAt(directory, name)),
    ];
  }).flat();
}

function moduleAt(directory: string, name: string): string[] {
  if (!/^\w+(\.\w+)*$/.test(name)) return [];
  const parts = name.split(".");
  const packages = parts.map((_, index) => join(...parts.slice(0, index + 1), "__init__.py"));
  return [`${join(...parts)}.py`, ...packages].flatMap((path) => fileAt(directory, path));
}

function fileAt(directory: string, path: string): string[] {
  const file = resolve(directory, path);
  // A system file, such as a Python named by its path, is not part of the run's code.
  if (path === "" || (path.startsWith("/") && relative(directory, file).startsWith("..")))
    return [];
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? [file] : [];
}

function shown(directory: string, file: string): string {
  return relative(directory, file).replaceAll("\\", "/");
}
