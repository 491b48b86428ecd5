/** Any value as an experiment file would write it. Messages show bad input this way. */
export function show(value: unknown, depth = 0): string {
  if (typeof value === "function")
    return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 3) return "...";
  if (Array.isArray(value)) return `[${shortened(value.map((item) => show(item, depth + 1)))}]`;
  // A declared hyperparameter knows its own words.
  if ("written" in value && typeof value.written === "string") return value.written;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return `a ${value.constructor?.name}`;
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${show(item, depth + 1)}`);
  return entries.length === 0 ? "{}" : `{ ${shortened(entries)} }`;
}

function shortened(items: readonly string[]): string {
  return items.length > 20 ? `${items.slice(0, 20).join(", ")}, ...` : items.join(", ");
}
