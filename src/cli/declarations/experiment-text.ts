/**
 * The text of an experiment file: YAML 1.2, which includes JSON. Keeps the position of each value,
 * so that a problem can name its line.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

export interface ExperimentText {
  readonly data: unknown;
  /** Why the text is not YAML, with the line and a caret. */
  readonly errors: readonly string[];
  /**
   * The line of the value at a path such as `hyperparameters.rate.uniform` or `initial[0].rate`,
   * or of its missing value's parent.
   */
  lineOf(path: string): number | undefined;
}

export function parseExperiment(text: string): ExperimentText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true });
  const errors = [...document.errors, ...document.warnings].map(({ message }) =>
    message.replace("; please use YAML.parseAllDocuments()", "; keep one").trimEnd(),
  );
  return {
    data: errors.length === 0 ? toData(document, errors) : undefined,
    errors,
    lineOf(path) {
      const offset = offsetOf(document.contents, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

/** An alias without an anchor, or aliases that multiply without end, are found only here. */
function toData(document: ReturnType<typeof parseDocument>, errors: string[]): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    const { message } = error as Error;
    const multiply =
      "its aliases expand to more than an experiment can need; write the values out";
    errors.push(message.startsWith("Excessive alias count") ? multiply : message);
    return undefined;
  }
}

/** The position of the deepest existing part of the path. */
function offsetOf(contents: Node | null, path: string): number | undefined {
  let node: unknown = contents;
  let rest = path;
  let offset: number | undefined;
  while (rest !== "") {
    const step = isMap(node)
      ? inMap(node.items, rest)
      : isSeq(node)
        ? inList(node.items, rest)
        : undefined;
    if (step === undefined) break;
    ({ node, rest } = step);
    offset = step.begins.range?.[0] ?? offset;
  }
  return offset;
}

interface Step {
  readonly begins: Node;
  readonly node: unknown;
  readonly rest: string;
}

function inMap(
  items: readonly { key: unknown; value: unknown }[],
  path: string,
): Step | undefined {
  for (const { key, value } of items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    const after = path.slice(name.length);
    if (path.startsWith(name) && /^($|[.[])/.test(after))
      return { begins: key, node: value, rest: after.replace(/^\./, "") };
  }
  return undefined;
}

function inList(items: readonly unknown[], path: string): Step | undefined {
  const [matched, index] = /^\[?(\d+)\]?\.?/.exec(path) ?? [];
  const node = index === undefined ? undefined : items[Number(index)];
  return node === undefined
    ? undefined
    : { begins: node as Node, node, rest: path.slice(matched!.length) };
}
