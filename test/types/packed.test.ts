/**
 * The declarations of the package, under the strictest flags, as a user's own project has them:
 * with the types of Node or of the DOM or both, and libraries checked.
 */
import { execFile } from "node:child_process";
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { isLong } from "../long.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const installed = (path: string) => join(root, "node_modules", path);
const project = mkdtempSync(join(tmpdir(), "packed-"));

async function tsc(compiler: string, ...words: string[]): Promise<string> {
  const given = [installed(`${compiler}/bin/tsc`), "--pretty", "false", ...words];
  const { stdout } = await promisify(execFile)(process.execPath, given, { cwd: root }).catch(
    (failed: { stdout: string }) => failed,
  );
  return stdout;
}

beforeAll(async () => {
  const clade = join(project, "node_modules/clade");
  mkdirSync(clade, { recursive: true });
  copyFileSync(join(root, "package.json"), join(clade, "package.json"));
  for (const name of ["zod", "@types"]) symlinkSync(installed(name), join(clade, "..", name));
  const to = ["--outDir", join(clade, "dist")];
  await tsc("typescript", "--project", join(root, "tsconfig.build.json"), ...to);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  copyFileSync(join(root, "test/types/consumer.ts"), join(project, "consumer.ts"));
});

const node = { lib: ["es2024", "esnext.disposable"], types: ["node"] };
const dom = { lib: ["es2024", "esnext.disposable", "dom"], types: [] };
const both = { lib: dom.lib, types: node.types };
const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const bundler = { module: "esnext", moduleResolution: "bundler" };

const short = [
  { compiler: "typescript", ...nodenext, ...node },
  { compiler: "typescript", ...bundler, ...dom },
];
const long = ["typescript", "typescript-5"].flatMap((compiler) =>
  [nodenext, bundler].flatMap((resolution) =>
    [node, dom, both].map((types) => ({ compiler, ...resolution, ...types })),
  ),
);

test("no script of the package imports a file that is only in the sources", () => {
  const scripts = globSync("node_modules/clade/dist/**/*.js", { cwd: project });
  expect(scripts.length).toBeGreaterThan(100);
  const wrong = scripts.filter((script) =>
    /(?:import\(|from |import )"\.[^"]*\.ts"/.test(readFileSync(join(project, script), "utf8")),
  );
  expect(wrong).toEqual([]);
});

test.each(isLong ? long : short)(
  "a user's project compiles: $compiler, $moduleResolution, $lib, $types",
  async ({ compiler, ...options }) => {
    const compilerOptions = {
      ...options,
      target: "es2024",
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noImplicitOverride: true,
      noImplicitReturns: true,
      noPropertyAccessFromIndexSignature: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
      declaration: true,
      skipLibCheck: false,
      outDir: "out",
    };
    const config = join(project, `tsconfig.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    expect(await tsc(compiler, "--project", config)).toBe("");
  },
);
