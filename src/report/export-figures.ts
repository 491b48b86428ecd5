import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { BadInputError } from "../algorithm/problem.ts";
import type { Figure } from "./figure.ts";
import { standalone, type Theme } from "./theme.ts";

/** Pixels of a picture for each pixel of a figure. */
const density = 2;

/** Pictures look the same on every machine, whatever its fonts. */
const fontFiles = [
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
].map((url) => fileURLToPath(url));

const suffixes: { readonly [theme in Theme]: string } = { light: "", dark: "-dark" };

/**
 * Writes every figure into a directory: NAME.svg and NAME.png, and for a dark background
 * NAME-dark.svg and NAME-dark.png. Creates a missing directory, relative to `cwd` or this
 * process's, and replaces files of these names. Returns the paths. Throws a `BadInputError` when
 * the directory cannot be written to.
 */
export function exportFigures(
  figures: readonly Figure[],
  directory: string,
  cwd = "",
): readonly string[] {
  const drawings = figures.flatMap(({ name, svg }) =>
    (["light", "dark"] as const).map((theme) => ({
      file: join(directory, `${name}${suffixes[theme]}`),
      svg: standalone(svg, theme),
    })),
  );
  const written = drawings.map(({ file, svg }) => ({
    path: `${file}.svg`,
    content: svg as string | Uint8Array,
  }));
  writeAll(directory, cwd, written);
  const pictures = drawings.map(({ file, svg }) => ({
    path: `${file}.png`,
    content: picture(svg),
  }));
  writeAll(directory, cwd, pictures);
  return [...written, ...pictures].map(({ path }) => path);
}

function picture(svg: string): Uint8Array {
  return new Resvg(svg, {
    fitTo: { mode: "zoom", value: density },
    font: { fontFiles, defaultFontFamily: "DejaVu Sans" },
  })
    .render()
    .asPng();
}

function writeAll(
  directory: string,
  cwd: string,
  files: readonly { readonly path: string; readonly content: string | Uint8Array }[],
): void {
  const bad = (rule: string) => {
    const remedy = "give a new directory, or one that can be written to";
    return new BadInputError([
      { path: "--figures", value: JSON.stringify(directory), rule, remedy },
    ]);
  };
  if (statSync(resolve(cwd, directory), { throwIfNoEntry: false })?.isDirectory() === false)
    throw bad("is a file");
  try {
    mkdirSync(resolve(cwd, directory), { recursive: true });
    for (const { path, content } of files) writeFileSync(resolve(cwd, path), content);
  } catch (error) {
    throw bad(`cannot be written: ${(error as Error).message}`);
  }
}
