import { expect, test } from "vitest";
import type { Run, RunId, RunState } from "../../population-store/population-store.ts";
import { newestRun, type Purpose } from "./newest-run.ts";

const done: RunState = { kind: "done", reason: "every member has spent its budget" };
const running: RunState = { kind: "running" };
const stopped: RunState = { kind: "stopped" };

function run(
  id: string,
  state = done,
  origin: Partial<Pick<Run, "controlOf" | "study">> = {},
): Run {
  return { id: id as RunId, state, ...origin } as Run;
}

function controlOf(id: string, state = done): Run {
  return run(`${id}-random-search`, state, { controlOf: id as RunId });
}

function ofStudy(method: string, baseline?: string): Run {
  const study = {
    name: "sizes",
    variant: method,
    method,
    point: {},
    ...(baseline && { baseline }),
  };
  return run(`sizes-${method}`, done, { study });
}

const taken = (runs: readonly Run[], purpose: Purpose = "look") =>
  newestRun(runs, purpose)?.run.id;

test("the newest run is taken, but not its control", () => {
  expect(taken([run("a"), run("b")])).toBe("b");
  expect(taken([run("a"), run("b"), controlOf("b")])).toBe("b");
  expect(newestRun([run("a"), run("b"), controlOf("b")], "look")?.why).toBe(
    "the newest that is not a control",
  );
  expect(taken([])).toBeUndefined();
});

test("where all are controls the newest is taken", () => {
  expect(taken([controlOf("a"), controlOf("b")])).toBe("b-random-search");
});

test("of a study the baseline is passed over", () => {
  expect(taken([ofStudy("pbt", "random-search"), ofStudy("random-search", "random-search")])).toBe(
    "sizes-pbt",
  );
  expect(taken([ofStudy("pbt"), ofStudy("larger")])).toBe("sizes-larger");
});

test("a control is worked on, stopped and resumed where its run needs nothing any more", () => {
  expect(taken([run("a"), controlOf("a", running)], "work")).toBe("a-random-search");
  expect(taken([run("a"), controlOf("a", stopped)], "resume")).toBe("a-random-search");
  expect(taken([run("a"), controlOf("a", running)])).toBe("a");
  expect(taken([run("a", running), controlOf("a", running)], "work")).toBe("a");
  expect(taken([run("a"), controlOf("a")], "work")).toBe("a");
});

test("an older run is never taken, even where only it needs what is to be done", () => {
  expect(taken([run("a", running), run("b")], "work")).toBe("b");
});
