import {
  choice,
  constant,
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  noExploit,
  noExplore,
  perturb,
  randomStream,
  type Trainer,
  type TrainerContext,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import type { ExperimentDeclaration } from "../../experiment/declaration.ts";
import type { Finding } from "./finding.ts";
import { tryContract } from "./try-contract.ts";

/** Noise that no trainer's seed decides, and that is the same in every run of the tests. */
const machine = randomStream("the machine");

interface State {
  readonly place: number;
  readonly speed: number;
  readonly steps: number;
}

/** Climbs with momentum and noise that follows from its seed and a counter. Forgets nothing. */
class Climber implements Trainer<{ rate: number }> {
  place = 0;
  speed = 0;
  steps = 0;
  seed: number;

  constructor({ seed }: TrainerContext<{ rate: number }>) {
    this.seed = seed;
    this.place = randomStream(seed, "fresh").normal();
  }

  step({ rate }: { rate: number }): void {
    this.speed = 0.9 * this.speed + rate * (1 + 0.1 * this.noise());
    this.place += this.speed;
    this.steps++;
  }

  noise(): number {
    return randomStream(this.seed, "step", this.steps).normal();
  }

  evaluate(): Record<string, number> {
    return { place: this.place };
  }

  save(): State {
    return { place: this.place, speed: this.speed, steps: this.steps };
  }

  restore(state: State, { seed }: TrainerContext<{ rate: number }>): void {
    Object.assign(this, state);
    this.seed = seed;
  }
}

const rate = logUniform(0.01, 1);

async function check(
  trainer: unknown,
  more: Partial<ExperimentDeclaration> = {},
): Promise<Record<Finding["kind"], string[]>> {
  const found = { ok: [], note: [], warn: [], bad: [] } as Record<Finding["kind"], string[]>;
  const experiment = defineExperiment({
    name: "climb",
    population: 4,
    hyperparameters: { rate },
    objective: maximize("place"),
    ready: everySteps(10),
    budget: { stepsPerMember: 100 },
    trainer: trainer as never,
    ...more,
  } as never);
  await tryContract(experiment, ({ kind, text }) => found[kind].push(text));
  return found;
}

test("a trainer that forgets nothing goes on the same, and its hyperparameter acts", async () => {
  const { ok, ...others } = await check(Climber);
  expect(others).toEqual({ note: [], warn: [], bad: [] });
  expect(ok).toContainEqual(
    expect.stringMatching(/training continues the same for 10 steps in another instance/),
  );
  expect(ok).toContainEqual(
    expect.stringMatching(/^trainer: rate: two values far apart give different results/),
  );
});

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
  class NoisyEvaluation extends Climber {
    override evaluate() {
      return { place: this.place + 0.001 * (machine.uniform() - 0.5) };
    }
  }
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
    ["every evaluation", NoisyEvaluation],
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
    class Noisy extends Climber {
      override evaluate() {
        return { place: this.place + 0.1 * (machine.uniform() - 0.5) };
      }
    }
    const { note } = await check(Noisy);
    expect(note).toContainEqual(
      expect.stringMatching(
        /differs by 0\.\d+ where fresh weights differ by [\d.]+: evaluation is noisy/,
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

describe("a run never does these, so neither does a check", () => {
  test("no member exceeds its budget, is saved before a step, or ends on the way", async () => {
    class Owned extends Climber {
      override step(hyperparameters: { rate: number }) {
        if (this.steps >= 14) throw new Error("the end was step 14");
        super.step(hyperparameters);
      }
      override save() {
        if (this.steps === 0) throw new Error("nothing to save");
        return super.save();
      }
    }
    for (const stepsPerMember of [2, 3, 14]) {
      const found = await check(Owned, { budget: { stepsPerMember } });
      expect(found.bad).toEqual([]);
      expect(found.ok.join("\n")).toContain("training continues the same");
    }
    const { note, bad } = await check(Owned, { budget: { stepsPerMember: 1 } });
    expect([note, bad]).toEqual([[expect.stringContaining("budget is one step")], []]);
  });

  class Fixed extends Climber {
    width: unknown;
    constructor(context: TrainerContext<{ rate: number }>) {
      super(context);
      this.width = (context.hyperparameters as { width?: unknown }).width;
    }
    override step(hyperparameters: { rate: number }) {
      super.step({ rate: hyperparameters.rate * Number(this.width) });
    }
    override save() {
      return { ...super.save(), width: this.width };
    }
    override restore(
      state: State & { width?: unknown },
      context: TrainerContext<{ rate: number }>,
    ) {
      if (state.width !== (context.hyperparameters as { width?: unknown }).width)
        throw new Error("size mismatch");
      super.restore(state, context);
    }
  }
  const hyperparameters = { rate, width: choice(16, 32) };

  test.each([
    ["explore never changes it", { explore: perturb({ resampleProbability: 0 }) }],
    ["nothing is explored", { explore: noExplore() }],
    ["nothing is copied", { exploit: noExploit() }],
  ])("a restore with another choice where %s", async (_, strategies) => {
    const { bad, note, ok } = await check(Fixed, { hyperparameters, ...strategies });
    expect([bad, note]).toEqual([[], []]);
    expect(ok).toContainEqual(
      expect.stringMatching(/^trainer: rate, width: two values far apart/),
    );
  });

  test("but where explore does change it, the failure is what a run would meet", async () => {
    const { bad } = await check(Fixed, { hyperparameters });
    expect(bad).toEqual([
      expect.stringMatching(
        /a copy that continues with other hyperparameters fails .*size mismatch/,
      ),
    ]);
  });
});

describe("hyperparameters", () => {
  test("that change nothing are named, and constants are not", async () => {
    const { warn, ok } = await check(Climber, {
      hyperparameters: {
        rate,
        decay: uniform(0, 0.5),
        kind: choice("a", "b"),
        batch: constant(8),
      },
    });
    expect(warn).toEqual([
      "trainer: decay changes nothing: trained on for 10 steps with 0 and with 0.5 " +
        "from the same state the scores are the same; " +
        "if that is intended, declare it as a constant",
      expect.stringMatching(
        /^trainer: kind changes nothing: .* with (a and with b|b and with a) /,
      ),
    ]);
    expect(ok).toContainEqual(expect.stringMatching(/^trainer: rate: two values/));
  });

  test("that a metric only echoes change nothing", async () => {
    class Echo extends Climber {
      decay = 0;
      override step(hyperparameters: { rate: number }) {
        this.decay = (hyperparameters as unknown as { decay: number }).decay;
        super.step(hyperparameters);
      }
      override evaluate() {
        return { place: this.place, decay: this.decay };
      }
    }
    const { warn } = await check(Echo, { hyperparameters: { rate, decay: uniform(0, 0.5) } });
    expect(warn).toEqual([expect.stringContaining("decay changes nothing")]);
  });

  test("that noise hides are said to be unproved", async () => {
    class Noisy extends Climber {
      override evaluate() {
        return { place: this.place + 100 * machine.uniform() };
      }
    }
    const { warn, note, bad } = await check(Noisy);
    expect([warn.filter((text) => text.includes("changes nothing")), bad]).toEqual([[], []]);
    expect(note).toContainEqual(
      expect.stringMatching(/rate: whether it has an effect could not be shown/),
    );
  });

  test("whose far end makes the trainer fail are noted", async () => {
    class Fails extends Climber {
      override step(hyperparameters: { rate: number }) {
        if (hyperparameters.rate === 1) throw new Error("too fast");
        super.step(hyperparameters);
      }
    }
    const { note, bad } = await check(Fails);
    expect([bad, note]).toEqual([
      [],
      [expect.stringMatching(/could not be tested, since 1 fails: .*too fast/)],
    ]);
  });
});

test("fresh weights that ignore the seed are a warning; so is a score of no number", async () => {
  class Unseeded extends Climber {
    constructor(context: TrainerContext<{ rate: number }>) {
      super(context);
      this.place = machine.uniform();
    }
  }
  expect((await check(Unseeded)).warn).toEqual([
    expect.stringContaining("fresh weights do not depend on the seed"),
  ]);
  class Diverged extends Climber {
    override evaluate() {
      return { place: Number.NaN };
    }
  }
  const { warn, bad } = await check(Diverged);
  expect(bad).toEqual([]);
  expect(warn[0]).toMatch(
    /place is NaN after 10 steps with rate 0\.\d+: it ranks below every number/,
  );
});
