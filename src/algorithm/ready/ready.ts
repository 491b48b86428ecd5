/** Decides after every step whether the generation ends here. */
export type Ready = (progress: Progress) => boolean;

/** How far a generation has come: what a ready strategy sees after each step. */
export interface Progress {
  /** Steps and seconds since the generation began. */
  readonly stepsInGeneration: number;
  readonly secondsInGeneration: number;
  /** Training steps of the lineage. */
  readonly step: number;
  readonly generation: number;
}

/**
 * When the generation ends, if that is known in advance. A trainer in another process then
 * trains up to it without being asked after every step.
 */
export type GenerationLength = { readonly steps: number } | { readonly seconds: number };

/**
 * The length of each generation; undefined for a ready strategy that has to be asked after every
 * step.
 */
export function generationLengthOf(ready: Ready): GenerationLength | undefined {
  return (ready as { generationLength?: GenerationLength }).generationLength;
}
