import { randomStream } from "../algorithm/random.ts";

/**
 * The seed of a member's trainer, for its own draws; of one that was restarted at the end of a
 * generation, another.
 */
export function trainerSeed(seed: number, member: number, generation = 0): number {
  const again = generation === 0 ? [] : [generation];
  return randomStream(seed, "trainer", member, ...again).integer(2 ** 31);
}
