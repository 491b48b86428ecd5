/**
 * Starts the command line, from the sources in a checkout and from the built files in an installed
 * package. Experiment files may import "clade" from wherever they are: they get this very Clade. A
 * TypeScript file is an ES module whatever the package.json around it says.
 */
import { existsSync } from "node:fs";
import { enableCompileCache, registerHooks } from "node:module";

// Every command and every worker is a process of its own, which would compile the same sources
// again.
enableCompileCache();

// The package has the sources, too, for editors and debuggers.
const inCheckout = existsSync(new URL("../tsconfig.build.json", import.meta.url));
const file = (path) =>
  new URL(inCheckout ? `../src/${path}.ts` : `../dist/${path}.js`, import.meta.url).href;
const ours = { clade: file("index"), "clade/testing": file("testing/index") };

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier in ours) return { url: ours[specifier], shortCircuit: true };
    const resolved = nextResolve(specifier, context);
    const isTypeScript = /^file:(?!.*\/node_modules\/).*\.m?ts(\?.*)?$/.test(resolved.url);
    return isTypeScript ? { ...resolved, format: "module-typescript" } : resolved;
  },
});

const { main } = await import(file("cli/main"));
await main(process.argv);
