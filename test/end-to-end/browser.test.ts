import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
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

/** A page without a site has no databases. Locks need one that counts as secure. */
const site = "http://localhost/";

/** Opens pages of one site, which have a script. */
async function inBrowser<T>(
  script: string,
  work: (open: () => Promise<Page>) => Promise<T>,
): Promise<T> {
  const launched = await chromium.launch({
    executablePath: browser!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const context = await launched.newContext();
    const body = `<script>${script.replaceAll("</script", "<\\/script")}</script>`;
    await context.route(site, (route) => route.fulfill({ contentType: "text/html", body }));
    return await work(async () => {
      const page = await context.newPage();
      await page.goto(site);
      return page;
    });
  } catch (error) {
    // Vitest would look for the sources of a page's stack.
    throw new Error(String(error));
  } finally {
    await launched.close();
  }
}

/** What a script says in a new page. */
const inPage = (script: string, question: string) =>
  inBrowser(script, async (open) => (await open()).evaluate<unknown>(question));

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

test.skipIf(!browser)("stores of a browser keep every promise (needs Chromium)", async () => {
  const script = await bundle("./stores-in-browser.ts", "stores");
  const said = (await inPage(script, "stores.conform()")) as { cases: number; wrong: string[] };
  expect(said.wrong).toEqual([]);
  expect(said.cases).toBeGreaterThan(80);
});

test.skipIf(!browser)(
  "a run goes on after a reload, together with another page (needs Chromium)",
  async () => {
    const script = await bundle("./lasting-in-browser.ts", "lasting");
    await inBrowser(script, async (open) => {
      const page = await open();
      const id = await page.evaluate<string>("lasting.begin()");
      await page.reload();
      type Published = { snapshots: string[]; pages: string[] };
      const published = `lasting.published(${JSON.stringify(id)})`;
      const before = await page.evaluate<Published>(published);
      expect(before.snapshots.length).toBeGreaterThan(20);

      const other = await open();
      const going = page.evaluate(`lasting.goOn(${JSON.stringify(id)})`);
      const helping = other.evaluate(`lasting.help(${JSON.stringify(id)})`);
      await page.evaluate(`lasting.letGo(${JSON.stringify(id)})`);
      const result = (await going) as Record<string, unknown>;
      await helping;
      expect(result).toMatchObject({ state: "done", totalSteps: 480 });
      expect(result.height).toBe(result.score);
      const after = await other.evaluate<Published>(published);
      expect(after.snapshots.slice(0, before.snapshots.length)).toEqual(before.snapshots);
      expect(new Set(after.snapshots).size).toBe(after.snapshots.length);
      expect(after.pages.length).toBe(3);
    });
  },
);

test.skipIf(!browser)(
  "a full disk ends a run with one error, and what was published stays (needs Chromium)",
  async () => {
    const script = await bundle("./lasting-in-browser.ts", "lasting");
    await inBrowser(script, async (open) => {
      const page = await open();
      const quota = await page.context().newCDPSession(page);
      const origin = new URL(site).origin;
      await quota.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 3_000_000 });
      const { error, published, best } = await page.evaluate<{
        error: string;
        published: number;
        best: boolean;
      }>("lasting.fillDisk()");
      expect(error).toMatch(/^database clade(-checkpoints)?: the browser has no room left/);
      expect(published).toBeGreaterThan(4);
      expect(best).toBe(true);
    });
  },
);

test.skipIf(!browser)("live views draw a thousand members (needs Chromium)", async () => {
  const script = await bundle("./live-in-browser.ts", "live");
  const fed = (await inPage(script, "live.feed(1000, 20)")) as { inked: number[] };
  // A tenth of the curves' canvas, and most of the tree's, whose rows are close.
  expect(fed.inked[0]).toBeGreaterThan(0.1 * 880 * 300);
  expect(fed.inked[1]).toBeGreaterThan(0.6 * 880 * 600);
});

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
