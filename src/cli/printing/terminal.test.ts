import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cut, guard, styled as styledFor } from "./terminal.ts";

const styled = (style: "bold" | "red", text: string) => styledFor(style, text, new PassThrough());

const guarded = () => {
  const stream = new PassThrough();
  guard(stream as unknown as NodeJS.WriteStream);
  const written = () => (stream.read() as Buffer).toString("utf8");
  return { stream, written };
};

beforeEach(() => {
  vi.stubEnv("FORCE_COLOR", "1");
  vi.stubEnv("NO_COLOR", undefined);
});
afterEach(() => vi.unstubAllEnvs());

test("a terminal gets no command but the command line's own styles", () => {
  const { stream, written } = guarded();
  stream.write(`${styled("bold", "run \u001b[2J")} \u001b[1mnot ours\u001b[22m\n`);
  expect(written()).toBe("\u001b[1mrun \\u001b[2J\u001b[22m \\u001b[1mnot ours\\u001b[22m\n");
});

test("bytes are text, too, wherever they are cut", () => {
  const { stream, written } = guarded();
  for (const byte of Buffer.from("é\u202e\u009b31m")) stream.write(Buffer.from([byte]));
  expect(written()).toBe("é\\u202e\\u009b31m");
  stream.write("1b5d303b07", "hex");
  expect(written()).toBe("\\u001b]0;\\u0007");
});

test("who waits until something is written is told, as before", async () => {
  const { stream } = guarded();
  await new Promise<void>((resolve) => stream.write("text", () => resolve()));
  await new Promise<void>((resolve) => stream.write("text", "utf8", () => resolve()));
});

test("a stream is guarded once", () => {
  const { stream, written } = guarded();
  guard(stream as unknown as NodeJS.WriteStream);
  stream.write(styled("red", "x"));
  expect(written()).toBe("\u001b[31mx\u001b[39m");
});

test("a line is cut to what is seen of it", () => {
  expect(cut(`${styled("bold", "abc")}def`, 6)).toBe(`${styled("bold", "abc")}def`);
  expect(cut(`${styled("bold", "abc")}def`, 4)).toBe("abc…");
  expect(cut("\u001b\u001b", 6)).toBe("\\u001…");
  expect(cut("😀😀😀", 2)).toBe("😀…");
});
