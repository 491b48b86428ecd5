/**
 * Real handwritten digits, anywhere in a 12x12 picture: the 1,797 8x8 images of UCI's Optical
 * Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, CC BY 4.0; see digits.LICENSE.md),
 * each redrawn at a random place, angle and size.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const PICTURE = 12;
export const PIXELS = PICTURE * PICTURE;

/**
 * `count` pictures, one after another: ink [count x PIXELS], from 0 to 1 but for some noise, and
 * labels [count].
 */
export interface Pictures {
  readonly count: number;
  readonly ink: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

interface Digit {
  readonly ink: readonly number[];
  readonly label: number;
}

/** Draws `count` random digits, each in a random place. */
export function drawPictures(digits: readonly Digit[], count: number, random: Random): Pictures {
  const ink = new Float32Array(count * PIXELS);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const digit = digits[Math.floor(random.uniform(0, digits.length))] as Digit;
    labels[i] = digit.label;
    drawDigit(digit, ink.subarray(i * PIXELS, (i + 1) * PIXELS), random);
  }
  return { count, ink, labels };
}

/**
 * Turns the digit by up to 15 degrees, scales it by up to a tenth, moves it by up to 2 pixels and
 * adds some noise. Each pixel looks up its place in the 8x8 digit (bilinear interpolation).
 */
function drawDigit({ ink }: Digit, picture: Float32Array, random: Random): void {
  const angle = (random.uniform(-15, 15) * Math.PI) / 180;
  const scale = random.uniform(0.9, 1.1);
  const cos = Math.cos(angle) / scale;
  const sin = Math.sin(angle) / scale;
  const centreX = (PICTURE - 1) / 2 + random.uniform(-2, 2);
  const centreY = (PICTURE - 1) / 2 + random.uniform(-2, 2);
  const inkAt = (x: number, y: number) =>
    x < 0 || y < 0 || x > 7 || y > 7 ? 0 : (ink[y * 8 + x] ?? 0) / 16;
  for (let y = 0; y < PICTURE; y++) {
    for (let x = 0; x < PICTURE; x++) {
      const u = cos * (x - centreX) + sin * (y - centreY) + 3.5;
      const v = cos * (y - centreY) - sin * (x - centreX) + 3.5;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const right = u - left;
      const down = v - top;
      const upper = (1 - right) * inkAt(left, top) + right * inkAt(left + 1, top);
      const lower = (1 - right) * inkAt(left, top + 1) + right * inkAt(left + 1, top + 1);
      picture[y * PICTURE + x] = (1 - down) * upper + down * lower + random.uniform(-0.1, 0.1);
    }
  }
}

/** Mulberry32, a random number generator whose whole state is one 32-bit integer. */
export class Random {
  state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1); // Neighbouring seeds start far apart.
  }

  uniform(low: number, high: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + ((high - low) * ((mixed ^ (mixed >>> 14)) >>> 0)) / 2 ** 32;
  }
}

/**
 * The digits in a fixed random order. A line holds the ink of 8x8 pixels, from 0 to 16, and the
 * label.
 */
function loadDigits(): Digit[] {
  const csv = gunzipSync(readFileSync(new URL("digits.csv.gz", import.meta.url))).toString();
  const lines = csv.trim().split("\n");
  const random = new Random(0);
  for (let i = lines.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform(0, i + 1));
    [lines[i], lines[j]] = [lines[j] as string, lines[i] as string];
  }
  return lines.map((line) => {
    const numbers = line.split(",").map(Number);
    return { ink: numbers.slice(0, 64), label: numbers[64] as number };
  });
}

// No digit is in two parts. Validation and test pictures are drawn once: the same for every
// member, run and machine.
const digits = loadDigits();
export const training = digits.slice(0, 900);
export const validation = drawPictures(digits.slice(900, 1300), 2000, new Random(1));
export const test = drawPictures(digits.slice(1300), 2000, new Random(2));
