/**
 * A page beside Node: the digits of `examples/browser` with two threads each, one after the other
 * and again; and the frames of a live view of 1,000 members. Needs Chromium.
 *
 *     npx node benchmarks/page.ts [--rounds 3]
 */
import { fileURLToPath } from "node:url";
import { run } from "clade";
import { chromium } from "playwright-core";
import { bundled } from "../examples/browser/build.ts";
import digits from "./page/digits.ts";
import { median } from "./reference/agreement.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const rounds = option("rounds", 3);
const threads = 2;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const site = "http://localhost/";

async function inNode(): Promise<number> {
  const began = performance.now();
  await run(digits, { seed: 1, threads, module: here("page/digits.ts") });
  return (performance.now() - began) / 1000;
}

const scripts = {
  "": "",
  "page.js": await bundled(here("page/in-page.ts")),
  "thread.js": await bundled(here("page/digits.ts")),
  "live.js": await bundled(here("page/live.ts")),
};
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage();
for (const [name, text] of Object.entries(scripts))
  await page.route(`${site}${name}`, (route) =>
    route.fulfill({ contentType: name ? "text/javascript" : "text/html", body: text }),
  );
await page.goto(site);
for (const name of ["page.js", "live.js"]) await page.addScriptTag({ url: name, type: "module" });

const [node, pages]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round++) {
  node.push(await inNode());
  pages.push(await page.evaluate<number>(`train("${site}thread.js", ${threads})`));
}
interface Fed {
  readonly [name: string]: number;
}
const fed = await page.evaluate<Fed>("feed(1000, 50, 50)");
await browser.close();

const steps = digits.population * digits.budget.stepsPerMember!;
const row = (name: string, values: readonly number[], digits: number) => [
  name,
  ...[median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  ),
];
const rate = (seconds: readonly number[]) => seconds.map((each) => steps / each);
writeResults("page", "A page beside Node", [
  `${steps.toLocaleString("en-US")} steps of the digits with ${threads} threads, stores in ` +
    "memory, and the threads' start included:",
  table(
    ["", "median", "least", "most"],
    [
      row("steps a second in Node", rate(node), 0),
      row("steps a second in Chromium", rate(pages), 0),
      row(
        "ratio, round by round",
        node.map((seconds, round) => seconds / pages[round]!),
        2,
      ),
    ],
  ),
  "With an instance of WebAssembly for each call of a kernel, as jax-js 0.1 makes them by " +
    "itself, the medians were 1,146 in Node and 745 in Chromium (commit 477e0ae, the same " +
    "machine).",
  "A live view of 1,000 members (`liveCurves` and `liveTree`), fed with 50,000 generations, 50 " +
    `in each frame: ${fed.framesPerSecond!.toFixed(0)} frames a second. Half of the frames are ` +
    `drawn in ${fed.half!.toFixed(1)} ms, 99 of 100 in ${fed.most!.toFixed(1)} ms, the slowest, ` +
    `which draws everything again, in ${fed.slowest!.toFixed(0)} ms.`,
]);
