/**
 * The toy of Population Based Training (Jaderberg et al. 2017, Figure 2), in four panels: PBT,
 * explore only, exploit only, grid search.
 *
 * Two members want theta at the origin, where Q = 1.2 - theta0^2 - theta1^2 is largest, but they
 * only ever descend a surrogate whose hyperparameters h0 and h1 weigh the two terms. Member 0 has
 * h = (1, 0) and member 1 has h = (0, 1), so each can only bring one coordinate down. Only the
 * copying of weights brings both down.
 *
 *     npx node examples/paper/toy.ts [seed]
 *
 * prints the final best Q of each panel and draws examples/paper/toy.svg.
 * benchmarks/reference/toy.ts repeats it over 1,000 seeds.
 */
import { writeFileSync } from "node:fs";
import * as Plot from "@observablehq/plot";
import {
  beginning,
  binaryTournament,
  defineExperiment,
  type Experiment,
  everySteps,
  maximize,
  memoryPopulationStore,
  noExploit,
  noExplore,
  type Random,
  run,
  type SearchSpace,
  uniform,
} from "clade";
import { parseHTML } from "linkedom";

// What is trained.

interface ToyHyperparameters {
  readonly h0: number;
  readonly h1: number;
}

class ToyTrainer {
  theta = new Float64Array([0.9, 0.9]);

  /** Gradient descent with rate 0.01 on the surrogate h0 theta0^2 + h1 theta1^2. */
  step({ h0, h1 }: ToyHyperparameters) {
    this.theta[0]! -= 0.01 * 2 * h0 * this.theta[0]!;
    this.theta[1]! -= 0.01 * 2 * h1 * this.theta[1]!;
  }

  evaluate() {
    const [theta0, theta1] = this.theta as unknown as [number, number];
    return { q: 1.2 - theta0 ** 2 - theta1 ** 2, theta0, theta1 };
  }

  save() {
    return { theta: this.theta };
  }

  restore({ theta }: { theta: Float64Array<ArrayBuffer> }) {
    this.theta = theta;
  }
}

// How it is trained. Exploit copies the weights alone: with h copied too, both members would soon
// descend the same coordinate.

const toy = {
  population: 2,
  // Members start at the corners below; the bounds only keep the random walk of h finite.
  hyperparameters: {
    h0: uniform(0, 1, { bounds: [-10, 10] }),
    h1: uniform(0, 1, { bounds: [-10, 10] }),
  },
  initial: [
    { h0: 1, h1: 0 },
    { h0: 0, h1: 1 },
  ],
  objective: maximize("q"),
  ready: everySteps(10),
  budget: { stepsPerMember: 200 },
  trainer: ToyTrainer,
};

const exploit = binaryTournament({ copy: "weights" });

/** A random walk. Factors such as 0.8 and 1.2 would never move an h of 0. */
function explore({ h0, h1 }: ToyHyperparameters, _space: SearchSpace, random: Random) {
  return { h0: h0 + 0.1 * random.normal(), h1: h1 + 0.1 * random.normal() };
}

/**
 * In "explore only" no member ever copies, so members explore at the end of every generation
 * instead.
 */
export const panels: Readonly<Record<string, Experiment>> = {
  PBT: defineExperiment({ ...toy, name: "toy-pbt", exploit, explore }),
  "explore only": defineExperiment({
    ...toy,
    name: "toy-explore-only",
    exploit: noExploit(),
    explore,
    exploreEvery: "generation",
  }),
  "exploit only": defineExperiment({
    ...toy,
    name: "toy-exploit-only",
    exploit,
    explore: noExplore(),
  }),
  "grid search": defineExperiment({
    ...toy,
    name: "toy-grid-search",
    exploit: noExploit(),
    explore: noExplore(),
  }),
};

// What happened: everything below reads the snapshots that the members published.

type Measured = ReturnType<ToyTrainer["evaluate"]>;

export interface Point extends Measured {
  readonly panel: string;
  readonly member: string;
  readonly step: number;
  /** A copy begins a new stretch of the trace at the donor's weights. */
  readonly stretch: number;
  readonly copied: boolean;
}

export async function trace(
  panel: string,
  experiment: Experiment,
  seed: number,
): Promise<Point[]> {
  const populationStore = memoryPopulationStore();
  const result = await run(experiment, { populationStore, seed });
  const { snapshots } = await populationStore.changes(result.run, beginning);
  const stretches = [0, 0];
  return snapshots.map(({ member, memberSteps, kind, metrics }) => {
    const copied = kind === "copied";
    if (copied) stretches[member]!++;
    // The initial snapshot has not been evaluated: its weights are those of a new trainer.
    const { theta0, theta1, q } =
      kind === "initial" ? new ToyTrainer().evaluate() : (metrics as Measured);
    return {
      panel,
      member: `member ${member}`,
      step: memberSteps,
      theta0,
      theta1,
      q,
      stretch: stretches[member]!,
      copied,
    };
  });
}

/** The best of the members' last scores. */
export function finalBest(trace: readonly Pick<Point, "step" | "q">[]): number {
  return Math.max(
    ...trace.filter(({ step }) => step === toy.budget.stepsPerMember).map(({ q }) => q),
  );
}

// The figure. Blue and vermilion are told apart by every kind of colour vision (Okabe and Ito
// 2008); the symbols differ too.

const width = 1040;
const colors = ["#0072B2", "#D55E00"];
const font = "'DejaVu Sans', Verdana, sans-serif";

function draw(trace: readonly Point[]): string {
  const { document } = parseHTML("<html><body></body></html>");
  const common = {
    document,
    width,
    marginLeft: 62,
    marginRight: 20,
    color: { domain: ["member 0", "member 1"], range: colors },
    symbol: { domain: ["member 0", "member 1"], range: ["circle", "triangle"] },
  };
  const panel = (final: boolean) => (name: string) => {
    const best = finalBest(trace.filter(({ panel }) => panel === name));
    return final ? `best Q ${best.toFixed(2)}` : name;
  };
  const fx = { domain: Object.keys(panels), label: null, padding: 0.14 };
  const plane = Plot.plot({
    ...common,
    height: 292,
    marginTop: 30,
    marginBottom: 46,
    fx: { ...fx, tickFormat: panel(false) },
    x: {
      domain: [0, 1],
      inset: 5,
      label: "θ₀",
      ticks: [0, 0.5, 1],
      tickFormat: String,
      labelAnchor: "center",
    },
    y: {
      domain: [0, 1],
      inset: 5,
      label: "θ₁",
      ticks: [0, 0.5, 1],
      tickFormat: String,
      labelAnchor: "center",
    },
    marks: [
      Plot.frame({ stroke: "#ccc" }),
      Plot.line(contours(), { x: "theta0", y: "theta1", z: "q", stroke: "#ddd" }),
      Plot.text(
        contours().filter(({ angle }) => angle === 45),
        {
          // Where no trace is in the way.
          fx: () => "grid search",
          x: "theta0",
          y: "theta1",
          text: "text",
          fill: "#777",
          stroke: "white",
          strokeWidth: 6,
          fontSize: 10,
        },
      ),
      Plot.dot([[0, 0]], { symbol: "star", fill: "black", r: 6 }),
      ...traces(trace, "theta0", "theta1", 10),
    ],
  });
  const progress = Plot.plot({
    ...common,
    height: 282,
    marginTop: 30,
    marginBottom: 46,
    fx: { ...fx, tickFormat: panel(true) },
    x: { domain: [0, 200], inset: 5, label: "step", ticks: [0, 100, 200], labelAnchor: "center" },
    y: {
      domain: [-0.5, 1.2],
      inset: 5,
      label: "Q",
      ticks: [0, 0.5, 1],
      tickFormat: String,
      labelAnchor: "center",
    },
    marks: [
      Plot.frame({ stroke: "#ccc" }),
      Plot.ruleY([1.2], { stroke: "#999", strokeDasharray: "4,3" }),
      ...traces(trace, "step", "q", 20),
    ],
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="610"
  viewBox="0 0 ${width} 610">
<title>The paper's toy: weights and scores of two members in four panels</title>
<rect width="${width}" height="610" fill="white"/>
${legend}
${place(plane, 34)}
${place(progress, 326)}
</svg>
`;
}

function traces(
  trace: readonly Point[],
  x: "theta0" | "step",
  y: "theta1" | "q",
  dotEvery: number,
) {
  const channels = { fx: "panel", x, y, clip: true };
  const stretch = ({ member, stretch }: Point) => `${member} ${stretch}`;
  const dots = trace.filter(({ step, copied }) => step % dotEvery === 0 && !copied);
  return [
    Plot.line(jumps(trace), { ...channels, z: "jump", stroke: "#777", strokeDasharray: "2,2" }),
    Plot.line(trace, { ...channels, z: stretch, stroke: "member", strokeWidth: 2 }),
    Plot.dot(dots, { ...channels, stroke: "member", fill: "white", symbol: "member", r: 3 }),
  ];
}

const legend = `<g font-family="${font}" font-size="13" fill="#333" stroke-width="2">
<path d="M62 20h34" stroke="${colors[0]}"/>
<circle cx="79" cy="20" r="4" stroke="${colors[0]}" fill="white"/>
<text x="104" y="24.5">member 0: h starts at (1, 0)</text>
<path d="M320 20h34" stroke="${colors[1]}"/>
<path d="M337 15l5 9h-10z" stroke="${colors[1]}" fill="white"/>
<text x="362" y="24.5">member 1: h starts at (0, 1)</text>
<path d="M578 20h34" stroke="#777" stroke-width="1" stroke-dasharray="2,2"/>
<text x="620" y="24.5">copies weights</text>
<path d="M750 20h34" stroke="#999" stroke-width="1" stroke-dasharray="4,3"/>
<text x="792" y="24.5">and ★ the optimum, Q = 1.2</text>
</g>`;

/** From the weights that a recipient had to those that it copied. */
function jumps(trace: readonly Point[]) {
  return trace.flatMap((point, index) => {
    if (!point.copied) return [];
    const before = trace
      .slice(0, index)
      .findLast(({ panel, member }) => panel === point.panel && member === point.member)!;
    const jump = `${index}`;
    return [
      { ...before, jump },
      { ...point, jump },
    ];
  });
}

/** Quarter circles of equal Q around the optimum at the origin. */
function contours() {
  const angles = Array.from({ length: 31 }, (_, index) => index * 3);
  return [0.4, 0.8, 1.1].flatMap((q) =>
    angles.map((angle) => ({
      q,
      angle,
      text: `Q = ${q}`,
      theta0: Math.sqrt(1.2 - q) * Math.cos((angle * Math.PI) / 180),
      theta1: Math.sqrt(1.2 - q) * Math.sin((angle * Math.PI) / 180),
    })),
  );
}

/** A plot as a group of one picture. Plot's style sheet is for web pages. */
function place(plot: ReturnType<typeof Plot.plot>, y: number): string {
  plot.querySelector("style")?.remove();
  return (
    `<g transform="translate(0,${y})" font-family="${font}" font-size="13" ` +
    `text-anchor="middle">${plot.innerHTML}</g>`
  );
}

if (import.meta.main) {
  // The first seed whose panels all end within 0.03 of their medians over 1,000 seeds.
  const seed = Number(process.argv[2] ?? 13);
  const traces: Point[] = [];
  console.log("panel          final best Q");
  for (const [panel, experiment] of Object.entries(panels)) {
    const traced = await trace(panel, experiment, seed);
    console.log(panel.padEnd(14), finalBest(traced).toFixed(3).padStart(12));
    traces.push(...traced);
  }
  writeFileSync(new URL("toy.svg", import.meta.url), draw(traces));
}
