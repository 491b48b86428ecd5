/**
 * A run as flat tables. Columns are named as in the JSON of a row (`metrics.accuracy`); `run`
 * comes first, so that the tables of several runs can be put together.
 */
import type { Run } from "../../population-store/population-store.ts";
import type { Cell, Column, ColumnType } from "./column.ts";
import type { Rows, Table } from "./published-rows.ts";
import type { Survey } from "./survey.ts";

export function columns(
  run: Run,
  survey: Survey,
): { readonly [T in Table]: readonly Column<Rows[T]>[] } {
  return {
    snapshots: [
      column("run", "text", () => run.id),
      column("id", "text", ({ id }) => id),
      column("member", "whole", ({ member }) => member),
      column("kind", "text", ({ kind }) => kind),
      column("parent", "text", ({ parent }) => parent),
      column("donor", "text", ({ donor }) => donor),
      column("generation", "whole", ({ generation }) => generation),
      column("step", "whole", ({ step }) => step),
      column("memberSteps", "whole", ({ memberSteps }) => memberSteps),
      column("score", "number", ({ score }) => score),
      column("samples", "numbers", ({ samples }) => samples),
      column("checkpoint", "text", ({ checkpoint }) => checkpoint),
      column("publishedAt", "time", ({ publishedAt }) => new Date(publishedAt)),
      column("worker", "text", ({ worker }) => worker),
      ...[...survey.hyperparameters].map(([name, type]) =>
        column<Rows["snapshots"]>(
          `hyperparameters.${name}`,
          type ?? "text",
          ({ hyperparameters }) => hyperparameters[name],
        ),
      ),
      ...[...survey.metrics].map((name) =>
        column<Rows["snapshots"]>(`metrics.${name}`, "number", ({ metrics }) => metrics[name]),
      ),
    ],
    decisions: [
      column("run", "text", () => run.id),
      column("snapshot", "text", ({ snapshot }) => snapshot),
      column("member", "whole", ({ member }) => member),
      column("generation", "whole", ({ generation }) => generation),
      column("kind", "text", ({ kind }) => kind),
      column("donor", "text", ({ donor }) => donor),
      column("weights", "boolean", ({ weights }) => weights),
      column("hyperparameters", "boolean", ({ hyperparameters }) => hyperparameters),
      column("reason.text", "text", ({ reason }) => reason.text),
      ...[...survey.reasonNumbers].map((name) =>
        column<Rows["decisions"]>(
          `reason.numbers.${name}`,
          "number",
          ({ reason }) => reason.numbers[name],
        ),
      ),
    ],
    failures: [
      column("run", "text", () => run.id),
      column("member", "whole", ({ member }) => member),
      column("generation", "whole", ({ generation }) => generation),
      column("snapshot", "text", ({ snapshot }) => snapshot),
      column("worker", "text", ({ worker }) => worker),
      column("device", "text", ({ device }) => device),
      column("phase", "text", ({ phase }) => phase),
      column("cause", "text", ({ cause }) => cause),
      column("against", "text", ({ against }) => against),
      column("at", "time", ({ at }) => new Date(at)),
      column("message", "text", ({ message }) => message),
      column("stack", "text", ({ stack }) => stack),
    ],
  };
}

function column<Row>(name: string, type: ColumnType, of: (row: Row) => Cell): Column<Row> {
  return { name, type, of };
}
