/** What every result carries: the machine, the commit, the command, and how long it took. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** Prints the sections and writes them to benchmarks/results/reference-<name>.md. */
export function writeResults(name: string, title: string, sections: readonly string[]): void {
  const text = [`# ${title}`, provenance(name), ...sections].join("\n\n");
  writeFileSync(new URL(`../results/reference-${name}.md`, import.meta.url), `${text}\n`);
  console.log(text);
}

/** A Markdown table, aligned so that it reads well in a terminal too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** A number of the command line, such as the 100 of `--seeds 100`. */
export function option(name: string, otherwise: number): number {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? otherwise : Number(process.argv[place + 1]);
}

function provenance(name: string): string {
  const processors = cpus();
  const seconds = performance.now() / 1000;
  const git = (...words: string[]) => execFileSync("git", words, { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "src") === "" ? "" : ", with uncommitted changes in src/";
  const given = process.argv.slice(2).join(" ");
  return [
    `- command: \`npx node benchmarks/reference/${name}.ts${given && ` ${given}`}\`, ${seconds.toFixed(0)} s on one core`,
    `- machine: ${processors[0]?.model ?? "unknown"}, ${processors.length} cores, Node ${process.version}`,
    `- commit: ${git("rev-parse", "--short", "HEAD")}${changed}`,
  ].join("\n");
}
