/** Lines as the data of one path, thinned to what is visible. */
interface XY {
  readonly x: number;
  readonly y: number;
}

/** A point costs about ten bytes of the file. */
const maxPoints = 16_000;

/** Half a pixel is enough to keep every peak in its place. */
const finestPx = 0.5;

/**
 * Lines in pixels as the `d` of one path. Where several points of a line fall into one column of
 * pixels, only the first, the lowest, the highest and the last stay. Columns are wide enough to
 * keep the whole path small.
 */
export function linePath(lines: readonly (readonly XY[])[]): string {
  let column = finestPx;
  let thinned = lines.map((line) => thin(line, column));
  while (column < 8 && thinned.reduce((sum, { length }) => sum + length, 0) > maxPoints) {
    column *= 2;
    thinned = lines.map((line) => thin(line, column));
  }
  return thinned.map(line).join("");
}

function thin(line: readonly XY[], column: number): readonly XY[] {
  if (line.length < 5) return line;
  const kept: XY[] = [];
  for (let begin = 0; begin < line.length; ) {
    const place = Math.floor(line[begin]!.x / column);
    let end = begin;
    let [low, high] = [begin, begin];
    while (end < line.length && Math.floor(line[end]!.x / column) === place) {
      if (line[end]!.y < line[low]!.y) low = end;
      if (line[end]!.y > line[high]!.y) high = end;
      end++;
    }
    const indices = new Set([begin, Math.min(low, high), Math.max(low, high), end - 1]);
    for (const index of indices) kept.push(line[index]!);
    begin = end;
  }
  return kept;
}

function line(points: readonly XY[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${px(x)},${px(y)}`).join("");
}

/** A tenth of a pixel is enough. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
