import {
  choice,
  constant,
  noExploit,
  noExplore,
  perturb,
  randomStream,
  type TrainerContext,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { Climber, check, rate, type State } from "./try-contract.test-support.ts";

/** Noise that no trainer's seed decides, and that is the same in every run of the tests. */
const machine = randomStream("the machine");

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
