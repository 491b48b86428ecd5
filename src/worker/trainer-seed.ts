import { randomStream } from "../algorithm/random.ts";

/** The seed of a member's trainer, for its own draws. A restarted member has another seed. */
export function trainerSeed(seed: number, member: number, generation = 0): number {
  const again = generation === 0 ? [] : [generation];
  return randomStream(seed, "trainer", member, ...again).integer(2 ** 31);
}
