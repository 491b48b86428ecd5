import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { climb } from "./threads-in-page.ts";
import { runToy } from "./toy-in-browser.ts";

async function bundle(file = "./toy-in-browser.ts", globalName = "toy"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    // As pages are: names of classes do not survive it.
    minify: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName,
    conditions: ["clade-source"],
  });
  return outputFiles[0]!.text;
}

const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/** What a script says in a new page that has another script. */
async function inPage(script: string, question: string): Promise<unknown> {
  const launched = await chromium.launch({
    executablePath: browser!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const page = await launched.newPage();
    await page.addScriptTag({ content: script });
    return await page.evaluate(question);
  } finally {
    await launched.close();
  }
}

test.skipIf(!browser)(
  "the toy gives the same result in a browser as in Node (needs Chromium)",
  async () => {
    expect(await inPage(await bundle(), "toy.runToy()")).toBe(await runToy());
  },
);

test.skipIf(!browser)(
  "threads of a page train what one worker trains in Node (needs Chromium)",
  async () => {
    const script = await bundle("./threads-in-page.ts", "climbing");
    const thread = JSON.stringify(`${script}\nclimbing.serve();`);
    expect(await inPage(script, `climbing.climbInPage(${thread})`)).toBe(await climb());
  },
);

test("the toy gives the same result in a bare realm that has the web and not Node", async () => {
  const web = {
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    performance,
    TextEncoder,
    TextDecoder,
    AbortController,
    AbortSignal,
  };
  const realm = createContext({ ...web });
  runInContext(`${await bundle()}; globalThis.toy = toy`, realm);
  expect(runInContext("typeof process + typeof Buffer + typeof require", realm)).toBe(
    "undefinedundefinedundefined",
  );
  expect(await runInContext("toy.runToy()", realm)).toBe(await runToy());
});
