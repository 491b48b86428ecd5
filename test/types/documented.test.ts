/** An editor shows words for every name that the package exports. */
import { fileURLToPath } from "node:url";
import ts from "typescript-5";
import { expect, test } from "vitest";

test("every exported name has a text that an editor shows", () => {
  const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const program = ts.createProgram([index], {
    customConditions: ["clade-source"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"],
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;
  const names = checker.getExportsOfModule(module);
  const without = names.filter((name) => {
    const isAlias = (name.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(name) : name;
    return ts.displayPartsToString(symbol.getDocumentationComment(checker)) === "";
  });
  expect(names.length).toBeGreaterThan(150);
  expect(without.map(({ name }) => name)).toEqual([]);
});
