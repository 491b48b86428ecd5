import { expect, test } from "vitest";
import { minutesOfLimit } from "./slurm-time.ts";

test("a time limit is read as sbatch reads it", () => {
  const minutes = {
    "90": 90,
    "90:30": 90.5,
    "1:30:00": 90,
    "2-1": 49 * 60,
    "2-1:30": 49 * 60 + 30,
    "2-1:30:30": 49 * 60 + 30.5,
    "0": 0,
  };
  for (const [text, expected] of Object.entries(minutes))
    expect(minutesOfLimit(text)).toBe(expected);
  for (const text of ["soon", "4h", "1:2:3:4", "-1", "1-", "", "4:00:00 "])
    expect(minutesOfLimit(text)).toBeUndefined();
});
