import { expect, test } from "vitest";
import { scaleOfValues } from "./scale-of-values.ts";

test("the declared scale is taken, except a log scale for values that have no logarithm", () => {
  const scales = { rate: "log", batch: "categories", momentum: "linear" } as const;
  expect(scaleOfValues("rate", [0.1, 0.2], { scales })).toBe("log");
  expect(scaleOfValues("batch", [16, 32], { scales })).toBe("categories");
  expect(scaleOfValues("momentum", [0.001, 0.9], { scales })).toBe("linear");
  expect(scaleOfValues("rate", [0, 0.2], { scales })).toBe("linear");
});

test("without a declaration the values tell", () => {
  expect(scaleOfValues("rate", [1e-4, 0.1], {})).toBe("log");
  expect(scaleOfValues("dropout", [0, 0.5], {})).toBe("linear");
  expect(scaleOfValues("optimizer", ["adam"], {})).toBe("categories");
  expect(scaleOfValues("constructor", [1, 2], { scales: {} })).toBe("linear");
});
