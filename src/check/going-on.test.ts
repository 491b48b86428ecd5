import { randomStream, type TrainerContext } from "clade";
import { describe, expect, test } from "vitest";
import { Climber, check, type State } from "./try-contract.test-support.ts";

/** Noise that no trainer's seed decides, and that is the same in every run of the tests. */
const machine = randomStream("the machine");

describe("what is not saved, or what members leave each other, is found by training on", () => {
  const differs = "training does not continue the same:";
  const goingOn = "but .* without a restore: something";
  const notSaved = new RegExp(
    `${differs} after 10 steps, place is .* ${goingOn} that the next steps depend on is not saved`,
  );
  const stays = new RegExp(
    `${differs} .* that has trained another member, ${goingOn} of the other member stays`,
  );

  class WithoutMomentum extends Climber {
    override save() {
      return { ...super.save(), speed: 0 };
    }
  }
  class WithoutCounter extends Climber {
    override restore(state: State, context: TrainerContext<{ rate: number }>) {
      super.restore({ ...state, steps: this.steps }, context);
    }
  }
  /** A generator of the constructor goes on wherever it is. */
  class WithGenerator extends Climber {
    generator = randomStream(this.seed, "constructor");
    override noise() {
      return this.generator.normal();
    }
  }
  /** A place in the data that is drawn anew for each epoch of ten steps. */
  class WithoutPlaceInData extends Climber {
    data: number[] = [];
    override noise() {
      if (this.data.length === 0)
        this.data = Array.from({ length: 7 }, (_, index) =>
          randomStream(this.seed, index).normal(),
        );
      return this.data.pop()!;
    }
  }
  class WithOldSeed extends Climber {
    override restore(state: State) {
      Object.assign(this, state);
    }
  }
  /**
   * Evaluated by a moving average, as batch normalisation is, which is saved but not restored into
   * a used instance.
   */
  class WithMovingAverage extends Climber {
    average: number | undefined;
    override step(hyperparameters: { rate: number }) {
      super.step(hyperparameters);
      this.average = 0.9 * (this.average ?? this.place) + 0.1 * this.place;
    }
    override evaluate() {
      return { place: this.average ?? this.place };
    }
    override save() {
      return { ...super.save(), average: this.average };
    }
    override restore({ average, ...state }: State & { average?: number }, context: never) {
      super.restore(state, context);
      this.average ??= average;
    }
  }

  test.each([
    ["momentum", WithoutMomentum, notSaved],
    ["a counter", WithoutCounter, notSaved],
    ["a generator that the constructor made", WithGenerator, notSaved],
    ["the place in the data", WithoutPlaceInData, notSaved],
    ["a seed that the constructor kept", WithOldSeed, stays],
    ["a moving average", WithMovingAverage, stays],
  ])("%s", async (_, trainer, message) => {
    expect((await check(trainer)).bad).toEqual([expect.stringMatching(message)]);
  });

  test("weights that are not restored", async () => {
    class WithoutWeights extends Climber {
      override restore() {}
    }
    const { bad } = await check(WithoutWeights);
    expect(bad[0]).toMatch(
      /after restore, evaluate\(\) gave .*, before save it gave .*: weights are not restored/,
    );
  });

  test("a metric shows it where the objective is too coarse", async () => {
    class Coarse extends WithoutMomentum {
      override evaluate() {
        return { place: Math.round(this.place / 1e6), loss: this.place };
      }
    }
    expect((await check(Coarse)).bad).toEqual([
      expect.stringMatching(/after 10 steps, loss is .* after restore/),
    ]);
  });
});

describe("noise is measured, and is no mistake", () => {
  const noisyBy = (width: number) =>
    class extends Climber {
      override evaluate() {
        return { place: this.place + width * (machine.uniform() - 0.5) };
      }
    };
  class NoisySteps extends Climber {
    override noise() {
      return machine.uniform();
    }
  }
  /** As sums in another order are on a GPU. */
  class SlightlyNoisySteps extends Climber {
    override noise() {
      return super.noise() + 0.01 * machine.uniform();
    }
  }
  /** The same in one process, another in the next. */
  class NoisyInstances extends Climber {
    offset = 0.01 * machine.uniform();
    override evaluate() {
      return { place: this.place + this.offset };
    }
  }
  test.each([
    ["every evaluation", noisyBy(0.001)],
    ["every step", NoisySteps],
    ["rounding in every step", SlightlyNoisySteps],
    ["the evaluations of each instance", NoisyInstances],
  ])("%s", async (_, trainer) => {
    for (let time = 0; time < 5; time++) {
      const { bad, note } = await check(trainer);
      expect(bad).toEqual([]);
      expect(note.join("\n")).toMatch(
        /not deterministic, or its evaluation is not: 4 runs of the same 10 steps/,
      );
    }
  });

  test("of an evaluation, by how much and beside how far fresh weights are", async () => {
    const { note, warn } = await check(noisyBy(0.1));
    expect(note).toContainEqual(
      expect.stringMatching(
        /differs by 0\.\d+ where fresh weights differ by [\d.]+: evaluation is noisy/,
      ),
    );
    expect(warn).toEqual([]);
  });

  test("of an evaluation, that ranks a generation by luck", async () => {
    const { warn } = await check(noisyBy(1000));
    expect(warn).toContainEqual(
      expect.stringMatching(
        /^trainer: 10 steps change place by no more than its noise does, so .* ranked by luck/,
      ),
    );
  });

  test("what is forgotten stands out from little noise", async () => {
    class Both extends SlightlyNoisySteps {
      override save() {
        return { ...super.save(), speed: 0 };
      }
    }
    expect((await check(Both)).bad).toEqual([
      expect.stringMatching(/something that the next steps depend on/),
    ]);
  });
});
