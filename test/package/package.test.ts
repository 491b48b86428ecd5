/**
 * Another machine gets Clade from its package, as the guide says. Runs only with CLADE_PACKAGE=1,
 * because it installs everything three times from the registry. The other machine is a directory
 * with its own home, and the image is a directory in which the Dockerfile's steps are done.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, matchesGlob } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf } from "../guides/blocks.ts";

const isAsked = process.env.CLADE_PACKAGE === "1";
const root = fileURLToPath(new URL("../../", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "clade-package-test-"));
const first = join(place, "first");
const store = join(place, "clade.db");
const installMs = 600_000;

/** What a machine has without this checkout. */
const path = process.env
  .PATH!.split(delimiter)
  .filter((directory) => !directory.includes("node_modules"))
  .join(delimiter);
/** How npm reaches the registry from here. */
const ofRegistry = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|cafile|userconfig)|NODE_EXTRA_CA_CERTS|https?_proxy)$/i.test(name),
  ),
);
const [, install, ssh, there, shared, image] = blocksOf(
  "set-up.md",
  "Clade on another machine",
).map(({ text }) => text);

async function shell(
  script: string,
  directory: string,
  more: Readonly<Record<string, string>> = {},
) {
  const other = `ssh() { shift; cd '${place}' && HOME='${place}' bash -c "set -e; $*"; }`;
  const docker = "docker() { :; }";
  const env = {
    ...ofRegistry,
    PATH: path,
    HOME: directory,
    NO_COLOR: "1",
    CLADE_STORE: store,
    npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
    npm_config_prefer_offline: "true",
    ...more,
  };
  const text = `set -eo pipefail\n${other}\n${docker}\n${script}`;
  return (await promisify(execFile)("bash", ["-c", text], { cwd: directory, env })).stdout;
}

describe.skipIf(!isAsked)(
  `the packed package${isAsked ? "" : " (CLADE_PACKAGE=1 asks for it)"}`,
  () => {
    let training: { readonly process: ChildProcess; readonly ended: Promise<unknown> } | undefined;
    let run = "";

    beforeAll(async () => {
      mkdirSync(first);
      await promisify(execFile)("npm", ["pack", "--pack-destination", first], { cwd: root });
      await shell(`${install}\nnpx clade init`, first);
      const binaries = join(first, "node_modules/.bin");
      const env = { PATH: `${binaries}${delimiter}${path}`, HOME: first, CLADE_STORE: store };
      const words = [
        "run",
        "experiment.ts",
        "--workers",
        "1",
        "--set",
        "budget.stepsPerModel=100000000",
      ];
      const started = spawn(join(binaries, "clade"), words, { cwd: first, env, stdio: "ignore" });
      training = { process: started, ended: once(started, "exit") };
      while (run === "" && started.exitCode === null) {
        await sleep(500);
        run = /sine-\w+/.exec(await shell("npx clade list || true", first))?.[0] ?? "";
      }
    }, installMs);

    afterAll(async () => {
      training?.process.kill("SIGINT");
      await training?.ended;
      rmSync(place, { recursive: true, maxRetries: 5, retryDelay: 200 });
    }, installMs);
    const canWork = () => `run ${run}: this machine can work on it`;

    test("by ssh, and in a shared home likewise", { timeout: installMs }, async () => {
      await shell(ssh!, first);
      expect(await shell(there!.replace("RUN", run), first)).toContain(canWork());
      expect(ssh).toContain(`&& ${shared!.trim()}'`);
    });

    test("as an image", { timeout: installMs }, async () => {
      await shell(image!, first);
      const inImage = join(place, "image");
      const env = await build(readFileSync(join(first, "Dockerfile"), "utf8"), inImage);
      const said = await shell(
        `clade worker ${run} --experiment experiment.ts --check`,
        join(inImage, "experiment"),
        env,
      );
      expect(said).toContain(canWork());
    });

    test("in Bun and Deno as in Node", { timeout: installMs }, async () => {
      const elsewhere = join(first, "elsewhere");
      cpSync(fileURLToPath(new URL("runtimes", import.meta.url)), elsewhere, { recursive: true });
      await shell("npm install bun deno && node node_modules/bun/install.js", first);
      const binaries = join(first, "node_modules/.bin");
      const said = async (runtime: string) =>
        await shell(`PATH='${binaries}':$PATH ${runtime} stores.mjs`, elsewhere);
      const expected = await said("node");
      expect(expected).toMatch(/^memory 0\.\d{9}, files 0\.\d{9}, threads 0\.\d{9}, svg/);
      expect(await said("bun run")).toBe(expected);
      expect(await said("deno run --allow-all")).toBe(expected);
    });
  },
);

/**
 * Does a Dockerfile's steps in a directory that stands for the image's root. Its base image is
 * this machine, with Node 24.
 */
async function build(dockerfile: string, image: string): Promise<Record<string, string>> {
  const node = join(first, "node_modules/node/bin");
  const env: Record<string, string> = {
    PATH: `${node}${delimiter}${path}`,
    npm_config_cache: join(place, "of-image"),
  };
  const ignored = readFileSync(join(first, ".dockerignore"), "utf8").trim().split("\n");
  let directory = image;
  for (const line of dockerfile.split("\n").filter((text) => /^[A-Z]/.test(text))) {
    const [step, ...words] = line.split(" ");
    const rest = words.join(" ");
    if (step === "WORKDIR") {
      directory = join(image, rest);
      mkdirSync(directory, { recursive: true });
    } else if (step === "RUN") await shell(rest, directory, env);
    else if (step === "COPY") {
      const given = words.slice(0, -1);
      const found = (
        given.includes(".") ? readdirSync(first) : globSync(given, { cwd: first })
      ).filter((name) => !ignored.some((pattern) => matchesGlob(name, pattern)));
      for (const name of found)
        cpSync(join(first, name), join(directory, name), { recursive: true });
    } else if (step === "ENV") {
      const [name, value] = rest.split("=");
      env[name!] = value!.replaceAll("$PATH", env.PATH!).replace(/^\//, `${image}/`);
    } else if (!["FROM", "USER", "CMD"].includes(step!))
      throw new Error(`Dockerfile: what is ${step}?`);
  }
  return env;
}
