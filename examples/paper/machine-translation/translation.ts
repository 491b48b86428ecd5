/**
 * The paper's machine translation (Jaderberg et al. 2017, section 4.2), small enough for one core:
 * a Transformer (transformer.ts) learns to translate clauses of the Bible from Spanish to English
 * (clauses.ts). Tuned are the learning rate and three rates of dropout; members are scored by the
 * BLEU of their translations, which is what is wanted and which no gradient can follow.
 *
 *     npx clade run examples/paper/machine-translation/translation.ts
 */
import { tree } from "@jax-js/jax";
import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  type TrainerContext,
  truncationSelection,
  uniform,
} from "clade";
import { initWasm } from "../../quickstart/wasm.ts";
import { Random } from "../random.ts";
import { adamRates, fromFlat, toFlat, toNumber, zeroMoments } from "../weights.ts";
import { bleu } from "./bleu.ts";
import { type Clause, choice, englishSubwords, test, training, validation } from "./clauses.ts";

await initWasm();
const { BATCH, drawDropped, initialTransformer, toBatch, TRANSFORMER, translate, update } =
  await import("./transformer.ts");

interface TranslationHyperparameters {
  /** Adam's, after the warm-up. */
  readonly learningRate: number;
  readonly attentionDropout: number;
  readonly layerDropout: number;
  readonly reluDropout: number;
}

interface TranslationState {
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly updates: number;
  readonly isBroken: boolean;
  readonly seed: number;
  readonly random: number;
}

/**
 * The learning rate rises linearly over this number of updates (Vaswani et al. 2017, section
 * 5.3). How it falls afterwards is for the population to find.
 */
const WARM_UP = 50;
/** Clauses whose translations are scored: in every evaluation, and in the last. */
const STEERING = spread(validation, 300);
const CHOOSING = spread(choice, 900);
const REPORTING = spread(test, 900);

export class TranslationTrainer {
  readonly #clauses: readonly Clause[];
  #seed: number;
  readonly #random: Random;
  #weights: ReturnType<typeof initialTransformer>;
  #moments = zeroMoments(TRANSFORMER);
  #updates = 0;
  #isBroken = false;

  constructor({ seed }: TrainerContext<TranslationHyperparameters>, clauses = training) {
    this.#clauses = clauses;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#weights = initialTransformer(this.#random);
  }

  /** One update with a batch of random clauses. */
  async step({
    learningRate,
    attentionDropout,
    layerDropout,
    reluDropout,
  }: TranslationHyperparameters) {
    if (this.#isBroken) return;
    this.#updates += 1;
    const clauses = Array.from(
      { length: BATCH },
      () => this.#clauses[this.#random.integer(this.#clauses.length)]!,
    );
    const rates = { attention: attentionDropout, layer: layerDropout, relu: reluDropout };
    const dropped = drawDropped(rates, this.#random);
    const [rate, fix1, fix2] = adamRates(
      learningRate * Math.min(1, this.#updates / WARM_UP),
      this.#updates,
    );
    const updated = update(
      this.#weights,
      this.#moments,
      toBatch(clauses),
      dropped,
      rate,
      fix1,
      fix2,
    );
    this.#weights = updated.weights;
    this.#moments = updated.moments;
    // jax-js is lazy: without this the work would pile up.
    this.#isBroken = !Number.isFinite(await toNumber(updated.loss));
  }

  /**
   * BLEU on clauses of the validation books, which steers. In the last evaluation BLEU on the
   * books of the choice, which chooses the best model, and on those of the test, which is
   * reported. NaN when training has broken down.
   */
  async evaluate({ final }: { final: boolean }) {
    const score = async (clauses: readonly Clause[]) => {
      if (this.#isBroken) return Number.NaN;
      const references = clauses.map(({ english }) => english);
      return bleu(await this.translate(clauses), references);
    };
    const measured = { bleu: await score(STEERING) };
    if (!final) return measured;
    return {
      ...measured,
      finalBleu: await score(CHOOSING),
      testBleu: await score(REPORTING),
    };
  }

  async translate(clauses: readonly Clause[]): Promise<string[]> {
    const translated = await translate(this.#weights, clauses);
    return translated.map((symbols) => englishSubwords.decode(symbols));
  }

  /**
   * Everything that training depends on: restored for the same member it continues bit for bit.
   */
  async save(): Promise<TranslationState> {
    return {
      weights: await toFlat(this.#weights),
      firstMoment: await toFlat(this.#moments.first),
      secondMoment: await toFlat(this.#moments.second),
      updates: this.#updates,
      isBroken: this.#isBroken,
      seed: this.#seed,
      random: this.#random.state,
    };
  }

  /** Another member's weights go on with batches of its own, or the two would stay doubles. */
  restore(state: TranslationState, { seed }: { seed: number }): void {
    this.dispose();
    this.#seed = seed;
    this.#weights = fromFlat(TRANSFORMER, state.weights);
    this.#moments = {
      first: fromFlat(TRANSFORMER, state.firstMoment),
      second: fromFlat(TRANSFORMER, state.secondMoment),
    };
    this.#updates = state.updates;
    this.#isBroken = state.isBroken;
    this.#random.state =
      seed === state.seed ? state.random : new Random(seed ^ state.random).state;
  }

  /** jax-js arrays live in WebAssembly memory, which no garbage collector frees. */
  dispose(): void {
    tree.dispose([this.#weights, this.#moments]);
  }
}

/** As many clauses as wanted, from everywhere in the books. */
export function spread(clauses: readonly Clause[], count: number): Clause[] {
  return Array.from(
    { length: count },
    (_, i) => clauses[Math.floor((i * clauses.length) / count)]!,
  );
}

export default defineExperiment({
  name: "translation",
  population: 8,
  hyperparameters: {
    learningRate: logUniform(1e-4, 1e-1),
    attentionDropout: uniform(0, 0.3),
    layerDropout: uniform(0, 0.3),
    reluDropout: uniform(0, 0.3),
  },
  objective: maximize("bleu", { final: "finalBleu" }),
  ready: everySteps(75, { burnInSteps: 150 }),
  exploit: truncationSelection({ fraction: 0.25 }),
  explore: perturb({ factors: [0.6, 1.6], resampleProbability: 0.1 }),
  budget: { stepsPerMember: 1500 },
  trainer: TranslationTrainer,
});
