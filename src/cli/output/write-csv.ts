import { writeFile } from "node:fs/promises";
import type { Column } from "../../analysis/export/column.ts";
import { csvText } from "../../analysis/export/csv-text.ts";

/** Writes a table with its heading to a CSV file, page by page. */
export async function writeCsv<Row>(
  path: string,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): Promise<void> {
  await writeFile(path, texts(columns, pages));
}

async function* texts<Row>(
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  yield csvText([columns.map(({ name }) => name)]);
  for await (const page of pages)
    yield csvText(page.map((row) => columns.map((column) => column.of(row))));
}
