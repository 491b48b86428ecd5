/** The files of the guide are built as it says, and run in Chromium. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";

const guide = new URL("../../docs/guides/in-a-browser.md", import.meta.url);
const root = fileURLToPath(new URL("../..", import.meta.url));
const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const site = "http://localhost/";

function written(): string {
  const directory = mkdtempSync(join(tmpdir(), "guide-"));
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "clade"));
  symlinkSync(join(root, "node_modules", "@types"), join(directory, "node_modules", "@types"));
  const lib = ["es2024", "esnext.disposable", "dom", "dom.iterable"];
  const compilerOptions = { lib };
  const options = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(options));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  for (const [, name, text] of readFileSync(guide, "utf8").matchAll(
    /^```ts\n\/\/ (\S+)\n(.*?)^```/gms,
  ))
    writeFileSync(join(directory, name!), text!);
  return directory;
}

test("the files of the guide are right for the compiler", () => {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "--project", written()]);
});

test.skipIf(!browser)("the page of the guide trains, and draws (needs Chromium)", async () => {
  const { outputFiles } = await build({
    absWorkingDir: written(),
    entryPoints: ["page.ts", "thread.ts"],
    bundle: true,
    format: "esm",
    outdir: "out",
    write: false,
    conditions: ["clade-source"],
  });
  const [page, thread] = outputFiles.map(({ text }) => text);
  const launched = await chromium.launch({ executablePath: browser!, args: ["--no-sandbox"] });
  try {
    const opened = await launched.newPage();
    const script = { contentType: "text/javascript" };
    const body = '<body><script type="module" src="page.js"></script>';
    await opened.route(site, (route) => route.fulfill({ contentType: "text/html", body }));
    await opened.route(`${site}page.js`, (route) => route.fulfill({ ...script, body: page! }));
    await opened.route(`${site}thread.js`, (route) => route.fulfill({ ...script, body: thread! }));
    const said: string[] = [];
    opened.on("console", (message) => said.push(message.text()));
    opened.on("pageerror", ({ message }) => said.push(message));
    await opened.goto(site);
    await opened.locator("svg[aria-label^='Phylogenetic tree']").waitFor();
    await expect.poll(() => Number(said.at(-1))).toBeGreaterThan(0.5);
    expect(said.some((text) => text.startsWith("behind by"))).toBe(true);
  } finally {
    await launched.close();
  }
});
