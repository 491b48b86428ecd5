import { expect, test } from "vitest";
import { flag, json, jsonWithNaN, nullable, optional, plain, table } from "./table.ts";

interface Pet {
  readonly name: string;
  readonly isTame: boolean;
  readonly owner: string | null;
  readonly age?: number;
  readonly likes?: readonly string[];
  readonly weights: Readonly<Record<string, number>>;
}

const pets = table<Pet>(
  "pets",
  {
    name: plain,
    isTame: flag,
    owner: { ...nullable, column: "keeper" },
    age: plain,
    likes: optional(json),
    weights: jsonWithNaN,
  },
  ({ name }, column, cause) => new Error(`${name}: ${column}`, { cause }),
);
const cat: Pet = {
  name: "Tom",
  isTame: false,
  owner: null,
  weights: { now: 4, later: Number.NaN },
};
const row = { name: "Tom", is_tame: 0, keeper: null, age: null, likes: null };

test("a value is a row and back, and what is absent is NULL", () => {
  expect(pets.columns).toEqual(["name", "is_tame", "keeper", "age", "likes", "weights"]);
  expect(pets.values(cat)).toEqual(["Tom", 0, null, null, null, '{"now":4,"later":null}']);
  expect(pets.read({ ...row, weights: '{"now":4,"later":null}' })).toEqual(cat);
  expect(pets.read({ ...row, age: 3, likes: '["mice"]', weights: "{}" })).toEqual({
    ...{ name: "Tom", isTame: false, owner: null },
    ...{ age: 3, likes: ["mice"], weights: {} },
  });
});

test("a statement inserts a value beside other columns, and only what differs is a change", () => {
  const { parts, values } = pets.insert(cat, { house: 7 });
  expect(parts.join("?")).toBe(
    "INSERT INTO clade.pets (name, is_tame, keeper, age, likes, weights, house) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  expect(values.at(-1)).toBe(7);
  const [owner, age, ...others] = pets.changes(cat, { ...cat, owner: "Ann", age: 3 });
  expect([owner!.parts, owner!.values]).toEqual([["keeper = ", ""], ["Ann"]]);
  expect([age!.parts, age!.values]).toEqual([["age = ", ""], [3]]);
  expect(others).toEqual([]);
});

test("a column that cannot be read is named, with the reason", () => {
  for (const weights of ["{", "3", "null", null])
    expect(() => pets.read({ ...row, weights })).toThrow("Tom: weights");
  expect(() => pets.readField("likes", { ...row, likes: "[" })).toThrow("Tom: likes");
});
