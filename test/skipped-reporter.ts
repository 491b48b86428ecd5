/** Names what was skipped at the end of a test run. The names of such tests carry the reason. */
import type { Reporter, TestModule, Vitest } from "vitest/node";

export default class SkippedReporter implements Reporter {
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isFiltered) return;
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const { parent, fullName } of module.children.allTests("skipped")) {
        const isWhole =
          parent.type === "suite" && [...parent.children.allTests()].every(isSkipped);
        const name = `${module.relativeModuleId}: ${isWhole ? parent.fullName : fullName}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    if (counts.size > 0) console.log("\nskipped, for the reason in the name:");
    for (const [name, count] of counts)
      console.log(`  ${name}${count > 1 ? ` (${count} tests)` : ""}`);
  }
}

function isSkipped(test: { result(): { state: string } }): boolean {
  return test.result().state === "skipped";
}
