import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { runToy } from "./toy-in-browser.ts";

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("./toy-in-browser.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName: "toy",
    conditions: ["clade-source"],
  });
  return outputFiles[0]!.text;
}

const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

test.skipIf(!browser)(
  "the toy gives the same result in a browser as in Node (needs Chromium)",
  async () => {
    const launched = await chromium.launch({
      executablePath: browser!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    try {
      const page = await launched.newPage();
      await page.addScriptTag({ content: await bundle() });
      expect(await page.evaluate("toy.runToy()")).toBe(await runToy());
    } finally {
      await launched.close();
    }
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
