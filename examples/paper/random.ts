/**
 * Mulberry32 (Tommy Ettinger), a random number generator whose whole state is one 32-bit integer,
 * so that a checkpoint can hold it.
 */
export class Random {
  state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1); // Neighbouring seeds start far apart.
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + ((high - low) * ((mixed ^ (mixed >>> 14)) >>> 0)) / 2 ** 32;
  }

  /** A whole number, uniform in [0, count). */
  integer(count: number): number {
    return Math.floor(this.uniform(0, count));
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
