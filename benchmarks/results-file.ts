/** What every result carries: the command, the machine, the commit, and how long it took. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { wrapped } from "./wrapped.ts";

/**
 * Prints the sections and writes them to a page of benchmarks/results, which is named as the
 * script is, with a dash for a slash.
 */
export function writeResults(
  script: string,
  title: string,
  sections: readonly string[],
  page = script.replace("/", "-"),
): void {
  const text = wrapped([`# ${title}`, provenance(script), ...sections].join("\n\n"));
  writeFileSync(new URL(`results/${page}.md`, import.meta.url), `${text}\n`);
  console.log(text);
}

/** A Markdown table, aligned so that it reads well in a terminal too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join(
    "\n",
  );
}

function provenance(script: string): string {
  const processors = cpus();
  const git = (...words: string[]) => execFileSync("git", words, { encoding: "utf8" }).trim();
  const changed =
    git("status", "--porcelain", "src", "python/src", "examples") === ""
      ? ""
      : ", with uncommitted changes";
  const given = process.argv.slice(2).join(" ");
  return [
    `- command: \`npx node benchmarks/${script}.ts${given && ` ${given}`}\`, ` +
      `${(performance.now() / 1000).toFixed(0)} s`,
    `- machine: ${processors[0]?.model ?? "unknown"}, ${processors.length} cores, Node ` +
      `${process.version}`,
    `- commit: ${git("rev-parse", "--short", "HEAD")}${changed}`,
  ].join("\n");
}
