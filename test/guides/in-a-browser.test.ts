/** The files of the guide are built as it says, and run in Chromium. */
import { existsSync } from "node:fs";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { compile, filesOf, project } from "./written.ts";

const files = filesOf("in-a-browser.md");
const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const site = "http://localhost/";

test("the files of the guide are right for the compiler", () => {
  compile(project(files), { lib: ["es2024", "esnext.disposable", "dom", "dom.iterable"] });
});

test.skipIf(!browser)("the page of the guide trains, and draws (needs Chromium)", async () => {
  const { outputFiles } = await build({
    absWorkingDir: project(files),
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
