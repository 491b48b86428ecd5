import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CladeError, randomStream } from "clade";
import { describe, expect, test } from "vitest";
import { python } from "../../../test/python/python.ts";
import { filesOf, stateOf } from "./state-files.ts";

const roundTrip = (state: object) => stateOf(filesOf(state as never));
const arrays = {
  float32: new Float32Array([1.5, -0, Number.NaN, Infinity, -Infinity, 1e-45]),
  float64: new Float64Array([Math.PI, -0, Number.NaN, Infinity, 5e-324]),
  int8: new Int8Array([-128, 127]),
  int16: new Int16Array([-32768, 32767]),
  int32: new Int32Array([-2147483648, 2147483647]),
  uint16: new Uint16Array([0, 65535]),
  uint32: new Uint32Array([0, 4294967295]),
  int64: new BigInt64Array([-9223372036854775808n, 9223372036854775807n]),
  uint64: new BigUint64Array([0n, 18446744073709551615n]),
};

describe("what is saved comes back equal", () => {
  test.each(Object.entries(arrays))("as a typed array: %s", (_, array) => {
    const { array: back } = roundTrip({ array }) as { array: typeof array };
    expect(back.constructor).toBe(array.constructor);
    // Bit for bit, so that negative zero and NaN count too.
    expect(new Uint8Array(back.buffer)).toEqual(new Uint8Array(array.buffer));
  });

  test("as a part of a larger buffer, only that part", () => {
    const whole = new Float32Array([0, 1, 2, 3, 4, 5]);
    expect(roundTrip({ part: whole.subarray(2, 4) })).toEqual({ part: new Float32Array([2, 3]) });
  });

  test("as arrays of every length from 0, and as a long one", () => {
    for (const length of [0, 1, 2, 3, 7, 9, 10, 99, 100, 12_345]) {
      const array = Float64Array.from({ length }, (_, index) => index / 3);
      expect(roundTrip({ array })).toEqual({ array });
    }
  });

  test("as bytes, under their own name", () => {
    const state = { "model.bin": new Uint8Array([0, 255, 7]), empty: new Uint8Array(0) };
    expect([...filesOf(state).keys()]).toEqual(["model.bin", "empty"]);
    expect(roundTrip(state)).toEqual(state);
  });

  test.each([
    ["numbers that JSON lacks", [Number.NaN, Infinity, -Infinity, -0, 0, 1e-320, 0.1 + 0.2]],
    ["such numbers deep inside", { a: [{ b: -0, c: { d: Number.NaN } }], e: null }],
    ["a bare one", Number.NaN],
    ["text", 'with "$number" and ü, 中, 🙂, \u2028 and a lone \ud800'],
    ["null", null],
    ["false", false],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["empty ones", [{}, [], ""]],
  ])("as JSON: %s", (_, value) => {
    const { value: back } = roundTrip({ value });
    // toStrictEqual would see the missing prototype, which JSON does not keep.
    expect(back).toEqual(value);
  });

  test("negative zero in particular", () => {
    expect(Object.is((roundTrip({ value: -0 }) as { value: number }).value, -0)).toBe(true);
  });

  test("whatever its names end in", () => {
    const state = { "a.json": new Int32Array([1]), "b.npy": { c: 1 }, "d.bin": 3, "": "nameless" };
    expect(roundTrip(state)).toEqual(state);
  });

  test("as arrays, bytes and buffers at any depth", () => {
    const model = {
      layers: [new Float32Array([1.5, -0]), new Float64Array(0)],
      adam: { first: { w: new Float32Array([Number.NaN]) }, steps: 3 },
      bytes: [new Uint8Array([0, 255]), new Uint8Array([1, 2]).buffer],
    };
    const state = { model, copy: model, buffer: new Uint8Array([9, 8]).buffer };
    expect(roundTrip(state)).toStrictEqual(state);
    expect([...filesOf({ model }).keys()]).toEqual([
      ...["model/0.npy", "model/1.npy", "model/2.npy", "model/3", "model/4", "model.json"],
    ]);
  });

  test("as 16-bit floats, where the engine has them", () => {
    const { Float16Array } = globalThis as unknown as { Float16Array?: typeof Float32Array };
    const values = [1.5, -0, Number.NaN, Infinity, 6e-8];
    const state = Float16Array
      ? { half: new Float16Array(values), in: [new Float16Array(1)] }
      : {};
    expect(roundTrip(state)).toStrictEqual(state);
  });

  test("unless two of its values make one file", () => {
    const state = { a: [new Int8Array(1)], "a/0": new Int8Array(1) };
    expect(() => filesOf(state)).toThrow("save(): two of its values make a file a/0.npy");
  });

  test("as random nested values", () => {
    const random = randomStream("nested");
    const draw = (depth: number): unknown => {
      const kind = random.integer(depth > 3 ? 5 : 7);
      if (kind === 5) return Array.from({ length: random.integer(4) }, () => draw(depth + 1));
      if (kind === 6) {
        return Object.fromEntries(
          ["a", "b c", "1"].slice(random.integer(4)).map((key) => [key, draw(depth + 1)]),
        );
      }
      return [random.normal(), random.pick([Number.NaN, Infinity, -0]), "text", null, true][kind];
    };
    for (let state = 0; state < 500; state++) {
      const value = draw(0);
      expect(roundTrip({ value })).toStrictEqual({ value });
    }
  });

  test("except what is undefined, which is absent", () => {
    expect(roundTrip({ a: undefined, b: { c: undefined, d: 1 } })).toStrictEqual({ b: { d: 1 } });
  });
});

class Adam {
  beta = 0.9;
}

describe("what would not come back equal is refused by its name", () => {
  test.each([
    ["a Map", new Map([["a", 1]]), "save().value: an object of class Map cannot be kept"],
    ["a Set", new Set([1]), "save().value: an object of class Set cannot be kept"],
    ["a Date", new Date(0), "save().value: an object of class Date cannot be kept"],
    [
      "an object of a user's class",
      new Adam(),
      "save().value: an object of class Adam cannot be kept",
    ],
    ["a promise", Promise.resolve(1), "save().value: an object of class Promise cannot be kept"],
    ["a function", () => 1, "save().value: a function cannot be kept"],
    ["a bigint", 3n, "save().value: a bigint cannot be kept"],
    ["a symbol", Symbol("s"), "save().value: a symbol cannot be kept"],
    [
      "a Map inside",
      { inner: [new Map()] },
      "save().value: 0: an object of class Map cannot be kept",
    ],
    [
      "a Date inside",
      { at: new Date(0) },
      "save().value: at: an object of class Date cannot be kept",
    ],
    ["a bigint inside", { big: 3n }, "save().value: big: a bigint cannot be kept"],
    ["a hole", [1, undefined], "save().value: 1: an undefined in a list cannot be kept"],
    ["the name of a number", { $number: "NaN" }, "save().value: the name $number"],
    ["the name of an array", { a: { $array: "b" } }, "save().value: a: the name $array"],
    ["a DataView inside", [new DataView(new ArrayBuffer(8))], "save().value: 0: is a DataView"],
    [
      "a DataView",
      new DataView(new ArrayBuffer(8)),
      "save().value: is a DataView, which cannot be kept",
    ],
    [
      "clamped bytes",
      new Uint8ClampedArray(2),
      "save().value: is a Uint8ClampedArray, which cannot be kept",
    ],
  ])("%s", (_, value, message) => {
    expect(() => filesOf({ value })).toThrow(CladeError);
    expect(() => filesOf({ value })).toThrow(message);
  });

  test.each([undefined, null, 3, "text", [1]])("a state of %o", (state) => {
    expect(() => filesOf(state as never)).toThrow("save() must return an object");
  });

  test("bytes under a name that arrays and values use", () => {
    for (const name of ["a.npy", "a.json"]) {
      expect(() => filesOf({ [name]: new Uint8Array(1) })).toThrow(
        "bytes may not be named .npy or .json",
      );
    }
  });
});

describe("files and states are copies", () => {
  test("what a trainer changes after a save does not reach its files", () => {
    const state = {
      weights: new Float32Array([1, 2]),
      bytes: new Uint8Array([1]),
      buffer: Buffer.from([1]),
      plain: [1],
    };
    const files = filesOf(state);
    state.weights.fill(9);
    state.bytes.fill(9);
    state.buffer.fill(9);
    state.plain[0] = 9;
    expect(stateOf(files)).toEqual({
      weights: new Float32Array([1, 2]),
      bytes: new Uint8Array([1]),
      buffer: new Uint8Array([1]),
      plain: [1],
    });
  });

  test("a trainer's changes after a restore reach neither the files nor other trainers", () => {
    const files = filesOf({ weights: new Float32Array([1, 2]), bytes: new Uint8Array([1]) });
    const [one, other] = [stateOf(files), stateOf(files)] as {
      weights: Float32Array;
      bytes: Uint8Array;
    }[];
    one!.weights.fill(9);
    one!.bytes.fill(9);
    for (const state of [other, stateOf(files)]) {
      expect(state).toEqual({ weights: new Float32Array([1, 2]), bytes: new Uint8Array([1]) });
    }
  });

  test("Buffers of a store, at any offset of a larger memory, are read the same", () => {
    const state = { ...arrays, bytes: new Uint8Array([1, 2, 3]), plain: { a: [1] } };
    const files = new Map(
      [...filesOf(state)].map(([name, bytes]) => {
        const memory = Buffer.alloc(bytes.length + 16, 0xff);
        memory.set(bytes, 3);
        return [name, memory.subarray(3, 3 + bytes.length)] as const;
      }),
    );
    const back = stateOf(files);
    expect(back).toEqual(state);
    expect(Object.getPrototypeOf(back.bytes)).toBe(Uint8Array.prototype);
    (back.bytes as Uint8Array).fill(9);
    expect(stateOf(files)).toEqual(state);
  });
});

describe("typed arrays are NumPy files", () => {
  test("whose bytes are those of the format, version 1.0", () => {
    const bytes = filesOf({ weights: new Float32Array([1, -2]) }).get("weights.npy")!;
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    expect([...bytes.slice(0, 10)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    expect(new TextDecoder().decode(bytes.slice(10, 128))).toBe(`${header.padEnd(117)}\n`);
    expect([...bytes.slice(128)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    for (const array of Object.values(arrays)) {
      const file = filesOf({ array }).get("array.npy")!;
      expect((file.length - array.byteLength) % 64).toBe(0);
    }
  });

  const withoutNumPy = spawnSync(python, ["-c", "import numpy"]).status !== 0;
  test.skipIf(withoutNumPy)(
    "that NumPy reads as the same values (skipped where Python has no numpy)",
    () => {
      const directory = mkdtempSync(join(tmpdir(), "clade-npy-"));
      try {
        for (const [file, bytes] of filesOf({ ...arrays, empty: new Float32Array(0) })) {
          writeFileSync(join(directory, file), bytes);
        }
        const program = `
import glob, json, os, numpy
files = {os.path.basename(f)[:-4]: numpy.load(f) for f in glob.glob("*.npy")}
described = {k: [a.dtype.name, list(a.shape), a.tobytes().hex()] for k, a in files.items()}
print(json.dumps(described))`;
        const read = JSON.parse(
          execFileSync(python, ["-c", program], { cwd: directory, encoding: "utf8" }),
        );
        const expected = Object.entries(arrays).map(([name, array]) => [
          name,
          [name, [array.length], Buffer.from(array.buffer).toString("hex")],
        ]);
        expect(read).toEqual({ ...Object.fromEntries(expected), empty: ["float32", [0], ""] });
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});
