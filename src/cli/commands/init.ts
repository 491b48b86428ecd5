/**
 * Writes a starting experiment from `templates/`. Every template is a real file that runs as it
 * is. Either all of its files are written, or none.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import { choice, type OptionsOf } from "../declare/option.ts";

const templates = ["typescript", "python", "yaml"] as const;
type Template = (typeof templates)[number];

const declared = [
  choice(
    "--template <name>",
    "the language of the trainer (default: typescript, or yaml for a .yaml file)",
    templates,
  ),
] as const;

export const init = command({
  options: declared,
  action: writeExperiment,
});

async function writeExperiment(
  context: Context,
  options: OptionsOf<typeof declared>,
  given: string | undefined,
): Promise<void> {
  const { clade, print } = context;
  const template = options.template ?? (isYaml(given ?? "") ? "yaml" : "typescript");
  const isTypeScript = template === "typescript";
  const file = given ?? (isTypeScript ? "experiment.ts" : "experiment.yaml");
  if (isTypeScript ? !/\.m?ts$/.test(file) : !isYaml(file)) {
    const ending =
      options.template === undefined ? ".ts or .yaml" : isTypeScript ? ".ts" : ".yaml";
    const remedy = `give a name such as experiment${ending.slice(-5).trim()}`;
    throw bad(file, `must end in ${ending}`, remedy);
  }
  const written = writeAll(context, filesOf(context, template, file));
  print(
    `written: ${written.join(", ")}. Test it with: ${clade} check ${file}` +
      `      Train with: ${clade} run ${file}`,
  );
  if (template === "python")
    print(`train.py needs Clade's Python client: pip install ${inPackage("python")}`);
}

/** Texts by path. The experiment gets the requested name, and its other files go beside it. */
function filesOf(context: Context, template: Template, file: string): Map<string, string> {
  const directory = inPackage("templates", template);
  const names = readdirSync(directory).sort(
    (a, b) => Number(isExperiment(b)) - Number(isExperiment(a)),
  );
  return new Map(
    names.map((name) => {
      const text = readFileSync(join(directory, name), "utf8");
      return isExperiment(name)
        ? [file, withSchema(context, text, file)]
        : [join(dirname(file), name), text];
    }),
  );
}

function isYaml(file: string): boolean {
  return /\.ya?ml$/.test(file);
}

function isExperiment(name: string): boolean {
  return name.startsWith("experiment.");
}

/** The path from the written file to this Clade's schema. */
function withSchema({ at }: Context, text: string, file: string): string {
  const schema = relative(dirname(at(file).path), inPackage("schema", "experiment.schema.json"));
  return text.replace(/(?<=\$schema=).*/, () => schema.replaceAll("\\", "/"));
}

function writeAll({ at }: Context, files: ReadonlyMap<string, string>): string[] {
  const paths = [...files.keys()];
  const taken = paths.filter((path) => existsSync(at(path).path));
  if (taken.length > 0)
    throw new BadInputError(
      taken.map((path) =>
        problem(path, "exists already and is not overwritten", "give another name or directory"),
      ),
    );
  const written: string[] = [];
  for (const [path, text] of files) {
    try {
      writeFileSync(at(path).path, text, { flag: "wx" });
      written.push(path);
    } catch (error) {
      for (const earlier of written) rmSync(at(earlier).path);
      const { code } = error as NodeJS.ErrnoException;
      throw bad(path, `cannot be written (${code})`, "give a path in a directory that is there");
    }
  }
  return written;
}

function inPackage(...parts: string[]): string {
  return join(fileURLToPath(new URL("../../..", import.meta.url)), ...parts);
}

function problem(value: string, rule: string, remedy: string) {
  return { path: "file", value, rule, remedy };
}

function bad(value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([problem(value, rule, remedy)]);
}
