/** The command line takes every `clade` command that a page shows, with its options. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { expect, test } from "vitest";
import { program } from "../../src/cli/program.ts";
import { contextIn } from "../../src/cli/run.test-support.ts";

const root = new URL("../../", import.meta.url);
const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((page) => !/^(CHANGELOG|benchmarks\/)/.test(page));

interface Shown {
  readonly words: readonly string[];
  /** Whether it is a command to type, not just a mention such as `clade run`. */
  readonly isWhole: boolean;
}

/**
 * The commands in a page's text and in its code blocks, where two spaces or a bracket separate a
 * command from its description.
 */
function commandsIn(page: string): Shown[] {
  const text = page.replace(/ \\\n\s*/g, " ");
  const blocks = [
    ...text.matchAll(/^```\w*\n(.*?)^```/gms),
    ...text.matchAll(/^(?: {4,}.*\n)+/gm),
  ];
  const inBlocks = blocks
    .flatMap(([block, fenced]) => (fenced ?? block).split("\n"))
    .flatMap((line) => shownIn(line, true));
  const inText = [...text.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)];
  return [...inBlocks, ...inText.flatMap(([, code]) => shownIn(code!, false))];
}

function shownIn(line: string, isWhole: boolean): Shown[] {
  const found = /(?:^|[\s/'"])clade ([a-z].*)$/.exec(line.replace(/^\s*see also:/, ""));
  if (!found) return [];
  const [typed] = found[1]!.split(/ {2,}| [|<>&;(]|['"](?= |$)/);
  const words = typed!.trim().split(" ");
  return [
    { words: words.filter((word) => word !== "..."), isWhole: isWhole && !words.includes("...") },
  ];
}

/** The command line's error for it, without running it; undefined if there is none. */
async function refusal({ words, isWhole }: Shown): Promise<string | undefined> {
  const clade = withoutActions(await program(contextIn("."), words));
  try {
    clade.parse(words.filter(Boolean), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) return (error as Error).message;
    const isMention = /missing|required|commander\.help/.test(error.code + error.message);
    if (!isWhole && isMention) return undefined;
    return error.message;
  }
  return undefined;
}

function withoutActions(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  command.commands.forEach(withoutActions);
  return command;
}

test.for(
  pages.map((page) => [page, commandsIn(readFileSync(new URL(page, root), "utf8"))] as const),
)("%s", async ([, commands]) => {
  const wrong = [];
  for (const shown of commands) {
    const refused = await refusal(shown);
    if (refused !== undefined) wrong.push({ command: shown.words.join(" "), refused });
  }
  expect(wrong).toEqual([]);
});

test("a command or option that is not there, or a missing argument, is found", async () => {
  const page =
    "Say `clade runs`.\n\n```\nnpx clade run x.ts --worker 2   two of them\n" +
    "clade submit slurm --array 3\nclade run\n```\n";
  expect(await Promise.all(commandsIn(page).map(refusal))).toEqual([
    expect.stringContaining("unknown option '--worker'"),
    undefined,
    expect.stringContaining("missing required argument"),
    expect.stringContaining("unknown command 'runs'"),
  ]);
});
