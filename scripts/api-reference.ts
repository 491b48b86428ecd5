/**
 * The API reference, from the sources: each exported name with what an editor shows of it and its
 * declaration. After a change to either:
 *
 *     npx node scripts/api-reference.ts
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript-5";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The pages, each with its entry file and those whose names it does not repeat. */
const entries = [
  {
    page: "core",
    file: "src/core.ts",
    without: [],
    title: "clade",
    lead: "What programs and pages import from `clade`.",
  },
  {
    page: "node",
    file: "src/index.ts",
    without: ["src/core.ts"],
    title: "clade/node",
    lead: "What `clade`, in Node also `clade/node`, has besides [the core](core.md).",
  },
  {
    page: "browser",
    file: "src/browser.ts",
    without: ["src/core.ts"],
    title: "clade/browser",
    lead: "What a page has besides [the core](core.md), which `clade/browser` exports, too.",
  },
  {
    page: "testing",
    file: "src/testing/index.ts",
    without: [],
    title: "clade/testing",
    lead: "What a store, a trainer or a strategy of your own must pass.",
  },
  {
    page: "testing-node",
    file: "src/testing/node.ts",
    without: [],
    title: "clade/testing/node",
    lead: "What a store that works with files must pass, in Node.",
  },
];

interface Entry {
  readonly name: string;
  readonly text: string;
  readonly code: string;
}

/** The text of each page of docs/api, by path. */
export function apiReference(): ReadonlyMap<string, string> {
  const program = ts.createProgram(
    entries.map(({ file }) => `${root}${file}`),
    {
      customConditions: ["clade-source"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2024,
      strict: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      skipLibCheck: true,
      types: ["node"],
    },
  );
  const declared = declarationsOf(program);
  const pages = entries.map((entry) => {
    const known = new Set(entry.without.flatMap((file) => [...exportsOf(program, file).values()]));
    const shown = [...exportsOf(program, entry.file)]
      .filter(([, symbol]) => !known.has(symbol))
      .map(([name, symbol]) => entryOf(program, declared, name, symbol))
      .sort((a, b) => a.name.localeCompare(b.name, "en"));
    return { ...entry, shown };
  });
  const codes = formatted(pages.flatMap(({ shown }) => shown.map(({ code }) => code)));
  let next = 0;
  return new Map(
    pages.map(({ page, title, lead, shown }) => {
      const parts = shown.map(({ name, text }) => {
        return `## ${name}\n\n${text}\n\n\`\`\`ts\n${codes[next++]}\n\`\`\`\n`;
      });
      return [`docs/api/${page}.md`, `# ${title}\n\n${lead}\n\n${parts.join("\n")}`];
    }),
  );
}

/** What a file exports, by name. */
function exportsOf(program: ts.Program, file: string): ReadonlyMap<string, ts.Symbol> {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(`${root}${file}`)!)!;
  return new Map(
    checker.getExportsOfModule(module).map((symbol) => {
      const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
      return [symbol.name, isAlias ? checker.getAliasedSymbol(symbol) : symbol];
    }),
  );
}

/** The declarations that the package has, by the file of the source and the name. */
function declarationsOf(program: ts.Program): ReadonlyMap<string, string> {
  const declared = new Map<string, string>();
  program.emit(undefined, (path, text) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true);
    const source = path.replace(/\.d\.ts$/, ".ts");
    for (const statement of file.statements) {
      const { name } = statement as unknown as { readonly name?: ts.Identifier };
      if (!name) continue;
      const code = statement.getText(file).replace(/^export (declare )?/, "");
      const before = declared.get(`${source} ${name.text}`);
      declared.set(`${source} ${name.text}`, before ? `${before}\n${code}` : code);
    }
  });
  return declared;
}

function entryOf(
  program: ts.Program,
  declared: ReadonlyMap<string, string>,
  name: string,
  symbol: ts.Symbol,
): Entry {
  const checker = program.getTypeChecker();
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const [declaration] = symbol.declarations!;
  const code =
    declared.get(`${declaration!.getSourceFile().fileName} ${symbol.name}`) ??
    constant(checker, name, symbol, declaration!);
  return { name, text, code };
}

/** A function that is a constant is shown as a function. */
function constant(
  checker: ts.TypeChecker,
  name: string,
  symbol: ts.Symbol,
  declaration: ts.Declaration,
): string {
  const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
  const flags =
    ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;
  const signatures = type.getCallSignatures();
  if (signatures.length === 0)
    return `const ${name}: ${checker.typeToString(type, declaration, flags)};`;
  return signatures
    .map((each) => `function ${name}${checker.signatureToString(each, declaration, flags)};`)
    .join("\n");
}

/** By the formatter of the sources. */
function formatted(codes: readonly string[]): string[] {
  const mark = "// ----";
  const words = ["format", "--stdin-file-path=src/api.d.ts", `--config-path=${root}`];
  const text = execFileSync(`${root}node_modules/.bin/biome`, words, {
    cwd: root,
    input: codes.join(`\n${mark}\n`),
    encoding: "utf8",
  });
  return text.split(`${mark}\n`).map((code) => code.trim());
}

if (import.meta.main) {
  mkdirSync(`${root}docs/api`, { recursive: true });
  for (const [path, text] of apiReference()) writeFileSync(`${root}${path}`, text);
}
