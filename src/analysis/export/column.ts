/**
 * What a cell of a flat table holds; undefined where the row has no value. Times are dates,
 * samples are lists of numbers.
 */
export type Cell = string | number | boolean | Date | readonly number[] | undefined;

/**
 * `whole` numbers are exact, `number` is a double and may be NaN. A `text` column may have cells
 * of different types.
 */
export type ColumnType = "text" | "whole" | "number" | "boolean" | "time" | "numbers";

export interface Column<Row> {
  readonly name: string;
  readonly type: ColumnType;
  of(row: Row): Cell;
}
