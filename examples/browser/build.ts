/**
 * Writes the page as one file that needs no other, and no server:
 *
 *     npx node examples/browser/build.ts [examples/browser/dist/index.html]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const digits = readFileSync(here("../quickstart/digits.csv.gz")).toString("base64");

/** What the examples need of Node, for a page: the digits, which are part of the script. */
const inPage: Readonly<Record<string, string>> = {
  "node:fs": "export const readFileSync = () => {}, writeFileSync = () => {};",
  "node:zlib": `
    const bytes = Uint8Array.from(atob("${digits}"), (letter) => letter.charCodeAt(0));
    const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = await new Response(unzipped).text();
    export const gunzipSync = () => text;`,
  linkedom: "export const parseHTML = () => {};",
};

/** A script with all that it needs, as text. */
export async function bundled(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    // A clone of Clade has its sources, and needs no build of it.
    conditions: ["clade-source", "browser"],
    define: { "import.meta.main": "false", "import.meta.url": '"http://localhost/"' },
    plugins: [
      {
        name: "node in a page",
        setup({ onResolve, onLoad }) {
          const names = new RegExp(`^(${Object.keys(inPage).join("|")})$`);
          onResolve({ filter: names }, ({ path }) => ({ path, namespace: "in-page" }));
          onLoad({ filter: /./, namespace: "in-page" }, ({ path }) => ({
            contents: inPage[path]!,
          }));
        },
      },
    ],
  });
  return outputFiles[0]!.text;
}

export async function page(): Promise<string> {
  const script = (await bundled(here("page.ts"))).replaceAll("</script", "<\\/script");
  return readFileSync(here("page.html"), "utf8").replace("__SCRIPT__", () => script);
}

if (import.meta.main) {
  const out = process.argv[2] ?? here("dist/index.html");
  mkdirSync(dirname(out), { recursive: true });
  const text = await page();
  writeFileSync(out, text);
  console.log(`${out}: ${Math.round(Buffer.byteLength(text) / 1000)} kB`);
}
