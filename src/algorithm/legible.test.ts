import { expect, test } from "vitest";
import { legible, legibleLine } from "./legible.ts";

test.each([
  [
    "a terminal's commands",
    "\u001b]0;title\u0007 \u001b[2J \u009b31m",
    "\\u001b]0;title\\u0007 \\u001b[2J \\u009b31m",
  ],
  ["a return that would hide what stands before", "BAD\rok", "BAD\\u000dok"],
  ["backspace, DEL and NUL", "\b\u007f\0", "\\u0008\\u007f\\u0000"],
  [
    "marks of direction",
    "\u202egpj.\u202c \u2066\u2069 \u200e\u200f\u061c",
    "\\u202egpj.\\u202c \\u2066\\u2069 \\u200e\\u200f\\u061c",
  ],
  ["separators of lines", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\u0085d"],
  [
    "what has no width",
    "ad\u200bam \ufeff\u2060\u00ad\u3164",
    "ad\\u200bam \\ufeff\\u2060\\u00ad\\u3164",
  ],
  [
    "joiners between letters that do not join",
    "ad\u200dam\u200c\ufe0f",
    "ad\\u200dam\\u200c\\ufe0f",
  ],
  ["signs that tell only machines", "x\u{e0041}", "x\\udb40\\udc41"],
  ["half a pair, and what is no character", "\ud800 \uffff", "\\ud800 \\uffff"],
])("%s can be seen", (_, text, shown) => {
  expect(legible(text)).toBe(shown);
  expect(legible(shown)).toBe(shown);
});

test("what is legible stays: lines, tabs, letters of all scripts, joined emoji", () => {
  const text = "a\n\tb äß 学習率 נתון מידע עם عنوان می\u200cخواهم क्\u200dष 👩\u200d🔬 ❤\ufe0f é";
  expect(legible(text)).toBe(text);
  expect(legible("one\r\ntwo")).toBe("one\ntwo");
});

test("a line of one value stays one line", () => {
  expect(legibleLine("x\nok  all is well\t")).toBe("x\\u000aok  all is well\\u0009");
});

test("JSON says the same as before", () => {
  const value = { "na\u202eme\\": "\u001b[2J\u2028\ud83d\udc69\u200d\n\u{e0041}" };
  const shown = legible(JSON.stringify(value));
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown).not.toMatch(/[\u202e\u2028]/);
});
