/**
 * The paper's three fields: where each example is, what it is compared by, and the margin over
 * random search that it is to reach.
 */
export interface Field {
  readonly name: string;
  readonly title: string;
  /** Named as their studies. Files are in the example's folder. */
  readonly tasks: readonly {
    readonly name: string;
    readonly study: string;
    readonly experiment: string;
  }[];
  /** The best model's, on what steered nothing. */
  readonly metric: string;
  readonly unit: string;
  /** Of the paper, as a share of the baseline's. */
  readonly margin: number;
  /** Whose run is drawn. */
  readonly shown: string;
  /**
   * A program of the example that shows what the models make: takes runs, and prints a table for
   * the page or draws the file.
   */
  readonly exhibit?: {
    readonly program: string;
    readonly variants: readonly string[];
    readonly out?: string;
  };
  /** Long enough for the kernels to be compiled and the garbage collector to be at work. */
  readonly speedSteps: number;
}

export const folder = (field: Field) => `examples/paper/${field.name}`;

const task = (name: string, study = "study.yaml") => ({ name, study, experiment: `${name}.ts` });

export const fields: readonly Field[] = [
  {
    name: "reinforcement-learning",
    title: "Deep reinforcement learning",
    tasks: ["acrobot", "pendulum", "half-cheetah", "inverted-double-pendulum"].map((name) =>
      task(name, `${name}-study.yaml`),
    ),
    metric: "testScore",
    unit: "mean normalised score",
    margin: 0.08,
    shown: "half-cheetah",
    speedSteps: 100,
  },
  {
    name: "machine-translation",
    title: "Machine translation",
    tasks: [task("translation")],
    metric: "testBleu",
    unit: "BLEU",
    margin: 0.022,
    shown: "translation",
    exhibit: { program: "translate.ts", variants: ["pbt"] },
    speedSteps: 100,
  },
  {
    name: "gan",
    title: "Generative adversarial network",
    tasks: [task("gan")],
    metric: "testInceptionScore",
    unit: "Inception score",
    margin: 0.068,
    shown: "gan",
    exhibit: {
      program: "samples.ts",
      variants: ["pbt", "random-search"],
      out: "paper-gan-samples.png",
    },
    speedSteps: 5000,
  },
];
