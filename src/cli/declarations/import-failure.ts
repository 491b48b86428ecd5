/**
 * Why a user's module could not be loaded: a sentence that names the user's own line, and helps to
 * find the mistake.
 */
import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { show } from "../../algorithm/show.ts";
import type { Place } from "../context.ts";

/** The module, and the directory that shown paths are relative to. */
type ModuleFile = Place & { readonly cwd: string };

/**
 * `place: the rule; the remedy`, and below it the line with a caret, or the user's own frames if
 * there are several.
 */
export function importFailure(file: ModuleFile, error: unknown): string {
  if (!(error instanceof Error))
    return `${file.given} - threw ${show(error)} while it was loaded; correct it`;
  const isUnplaced = error instanceof SyntaxError && !place.test(error.stack ?? "");
  const placed = isUnplaced ? syntaxErrorOf(file.path) : "";
  const stack = userFrames(placed || error.stack || "");
  const lines = stack.split("\n");
  const frames = lines.filter((line) => line.startsWith("    at "));
  const excerpt = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith(error.name)),
  );
  const below = error instanceof SyntaxError ? excerpt.slice(1) : frames.length > 1 ? frames : [];
  const words = `cannot be loaded (${wordsOf(error)}); ${remedyFor(error)}`;
  const sentence = `${placeIn(stack, file)} - ${words}`;
  return [sentence, ...below.filter((line) => line.trim() !== "")].join("\n");
}

function wordsOf({ name, message }: Error): string {
  return `${name}: ${message.split("\n")[0]}`;
}

function remedyFor({ message, ...error }: Error): string {
  if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") return "correct it";
  const [, missing] = /^Cannot find package '(.+?)'/.exec(message) ?? [];
  return missing
    ? `install it with: npm install ${missing}`
    : "correct the import, or put the file there";
}

const place = /(file:\/\/[^\s():]+):(\d+)/;

/** The error with its line in a file of JavaScript, which `import()` leaves out. */
function syntaxErrorOf(path: string): string {
  const { stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" });
  return stderr.startsWith(path) ? pathToFileURL(path).href + stderr.slice(path.length) : "";
}

/** The file and the line of the mistake. It may be another of the user's files. */
function placeIn(stack: string, { given, path, cwd }: ModuleFile): string {
  const [, url, line] = place.exec(stack) ?? [];
  if (!url) return given;
  const found = fileURLToPath(url);
  return `${found === path ? given : relative(cwd, found)}:${line}`;
}

/** An error's stack without the frames of Clade and of Node. */
export function userFrames(stack: string): string {
  const places = [
    "node:",
    "/commander/",
    "/(src|dist)/(cli|processes|worker|trainer)/",
    "/bin/start\\.js",
  ];
  const ours = new RegExp(`^ {4}at .*(${places.join("|")})`);
  return stack
    .split("\n")
    .filter((line) => !ours.test(line))
    .join("\n");
}
