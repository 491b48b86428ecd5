import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { expect, test } from "vitest";
import { page as built } from "./build.ts";

const browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

test.skipIf(!browser)(
  "the page is a file that trains, offline, and goes on after a reload (needs Chromium)",
  async () => {
    const text = await built();
    expect(Buffer.byteLength(text)).toBeLessThan(1_500_000);
    const file = join(mkdtempSync(join(tmpdir(), "page-")), "index.html");
    writeFileSync(file, text);
    const launched = await chromium.launch({
      executablePath: browser!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    try {
      const context = await launched.newContext({ offline: true });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      await page.goto(pathToFileURL(file).href);

      await page.getByText(/^PBT, best Q 1\.1\d$/).waitFor();
      await page.getByText("grid search, best Q 0.39").waitFor();

      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.locator("#decisions li").first().waitFor();
      const run = await runOf(page);
      await page.locator("#curves").waitFor({ state: "visible" });
      await page.reload();
      await page.getByText(/^Population Based Training/).waitFor();
      await page.locator("#decisions li").first().waitFor();
      expect(await runOf(page)).toBe(run);

      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText(`${run} is stopped`).waitFor();
      await page.locator("#figures svg").nth(2).waitFor();
      await page.getByRole("button", { name: "Forget all runs" }).click();
      await page.getByText("Nothing trains.").waitFor();
      expect(await page.locator("#comparison table").count()).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await launched.close();
    }
  },
  120_000,
);

async function runOf(page: Page): Promise<string> {
  const status = page.locator("#status", { hasText: "members on" });
  await status.waitFor();
  return (await status.textContent())!.split(":")[0]!;
}
