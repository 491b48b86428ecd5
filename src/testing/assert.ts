/**
 * The few assertions that the conformance suites need, so that they run in any test framework and
 * in a browser.
 */

/** One promise of a contract. Rejects when it is broken. */
export interface ConformanceCase {
  /** A sentence. */
  readonly name: string;
  run(): Promise<void>;
}

class AssertionError extends Error {
  override name = "AssertionError";
}

export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/**
 * Compares values deeply. An undefined property equals an absent one, NaN equals NaN, and 0 equals
 * -0.
 */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  assert(isEqual(actual, expected), `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

/** Resolves the error, which must be of the class. */
export async function assertRejects<E extends Error>(
  work: Promise<unknown> | (() => Promise<unknown>),
  type: abstract new (...parameters: never[]) => E,
  what: string,
): Promise<E> {
  let error: unknown;
  try {
    const value = await (typeof work === "function" ? work() : work);
    error = new AssertionError(`${what}: expected ${type.name}, but it resolved ${show(value)}`);
  } catch (thrown) {
    if (thrown instanceof type) return thrown;
    error = new AssertionError(`${what}: expected ${type.name}, got ${String(thrown)}`, {
      cause: thrown,
    });
  }
  throw error;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  const [left, right] = [a, b] as Record<string, unknown>[];
  return [...names].every((name) => isEqual(left![name], right![name]));
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner) => (typeof inner === "number" ? String(inner) : inner)) ??
    String(value)
  );
}
