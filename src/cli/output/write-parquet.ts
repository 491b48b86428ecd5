import { fileWriter, parquetWriteRows, type SchemaElement } from "hyparquet-writer";
import type { Cell, Column, ColumnType } from "../../analysis/export/column.ts";

/**
 * Rows are buffered up to this number: large enough to compress well, small enough for any
 * machine.
 */
const rowGroupSize = 10_000;

const elements: {
  readonly [type in Exclude<ColumnType, "numbers">]: Omit<SchemaElement, "name">;
} = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  whole: { type: "INT64" },
  number: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
  time: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
};

/** Writes a table to a Parquet file with typed columns. A missing cell is null; NaN stays NaN. */
export async function writeParquet<Row>(
  path: string,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): Promise<void> {
  await parquetWriteRows({
    writer: fileWriter(path),
    columns: columns.map(({ name }) => ({ name })),
    schema: [{ name: "root", num_children: columns.length }, ...columns.flatMap(schemaOf)],
    rows: rows(columns, pages),
    rowGroupSize,
  });
}

function schemaOf({ name, type }: Pick<Column<never>, "name" | "type">): SchemaElement[] {
  if (type !== "numbers") return [{ name, repetition_type: "OPTIONAL", ...elements[type] }];
  return [
    { name, repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", type: "DOUBLE" },
  ];
}

async function* rows<Row>(
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<{ readonly [name: string]: unknown }> {
  for await (const page of pages) {
    for (const row of page)
      yield Object.fromEntries(
        columns.map((column) => [column.name, written(column.type, column.of(row))]),
      );
  }
}

function written(type: ColumnType, cell: Cell): unknown {
  if (cell === undefined) return undefined;
  if (type === "whole") return BigInt(cell as number);
  return type === "text" ? String(cell) : cell;
}
