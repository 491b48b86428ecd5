/**
 * How much a page loads before it starts a run: what a usual program imports, without what is
 * loaded where it is asked for, such as the engine and the report.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const usual = `
  import { defineExperiment, logUniform, maximize, run } from "clade";
  console.log(defineExperiment, logUniform, maximize, run);
`;

test("a usual import is within its budget, and brings no strategy unasked", async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: usual, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["clade-source", "browser"],
    plugins: [
      {
        name: "what is loaded later",
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ kind, path }) =>
            kind === "dynamic-import" ? { path, external: true } : undefined,
          );
        },
      },
    ],
  });
  expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThan(21_000);
  const brought = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((path) => /ml-matrix|two-speeds|report|worker/.test(path));
  expect(brought).toEqual([]);
});
