/** All runs that this browser remembers, beside each other. */
import { type PopulationStore, type Run, runFigures } from "clade/browser";
import { type Method, methods, stepsPerMember } from "./experiment.ts";

const colors = [...["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#a08a00"]];

interface Curve {
  readonly run: Run;
  readonly color: string;
  /** The best score so far over the steps of a member. */
  readonly points: readonly { readonly step: number; readonly best: number }[];
  readonly test: number | undefined;
}

/** A method has one colour. */
function colorOf(run: Run): string {
  const index = Object.keys(methods).indexOf(run.experiment.name);
  return colors[index % colors.length]!;
}

export function titleOf(run: Run): string {
  return methods[run.experiment.name as Method]?.title ?? run.experiment.name;
}

async function curveOf(store: PopulationStore, run: Run): Promise<Curve> {
  const scores: { readonly step: number; readonly score: number }[] = [];
  for await (const page of store.tree(run.id))
    for (const { kind, memberSteps, score } of page)
      if (kind === "trained" && score !== undefined) scores.push({ step: memberSteps, score });
  scores.sort((a, b) => a.step - b.step);
  let best = 0;
  const points = scores.map(({ step, score }) => {
    best = Math.max(best, score);
    return { step, best };
  });
  const snapshot = run.best && (await store.snapshot(run.id, run.best));
  return { run, color: colorOf(run), points, test: snapshot?.metrics.testAccuracy };
}

export async function drawComparison(place: HTMLElement, store: PopulationStore): Promise<void> {
  const runs = (await store.runs()).slice(-8);
  const curves = await Promise.all(runs.map((run) => curveOf(store, run)));
  const drawn = curves.filter(({ points }) => points.length > 0);
  place.innerHTML = drawn.length === 0 ? "" : `${chart(drawn)}${table(drawn)}`;
}

function chart(curves: readonly Curve[]): string {
  const [width, height, left, bottom] = [880, 260, 48, 34];
  const bests = curves.flatMap(({ points }) => points.map(({ best }) => best)).sort();
  // The first generations are far below what matters.
  const low = Math.min(bests[Math.floor(bests.length / 10)]!, 0.8);
  const x = (step: number) => left + ((width - left - 8) * step) / stepsPerMember;
  const y = (score: number) => {
    const share = (Math.max(score, low) - low) / (1 - low);
    return 8 + (height - bottom - 8) * (1 - share);
  };
  const ticks = [0.2, 0.4, 0.6, 0.8, 0.9, 1].filter((tick) => tick >= low);
  const lines = curves.map(({ points, color }) => {
    const path = points.map(({ step, best }, index) => {
      const to = `${x(step).toFixed(1)},${y(best).toFixed(1)}`;
      return index === 0 ? `M${to}` : `L${to}`;
    });
    return `<path d="${path.join("")}" fill="none" stroke="${color}" stroke-width="2"/>`;
  });
  return `<h3>Best accuracy so far</h3><div class="wide"><svg viewBox="0 0 ${width} ${height}"
    role="img" aria-label="Best accuracy so far of each run, over the steps of a member"
    font-size="12">
    ${ticks
      .map(
        (tick) => `<path d="M${left},${y(tick)}H${width - 8}" stroke="var(--line)"/>
        <text x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
      )
      .join("")}
    ${[0, 1000, 2000, 3000]
      .map(
        (step) => `<text x="${x(step)}" y="${height - 16}"
        text-anchor="${step === stepsPerMember ? "end" : "middle"}">${step}</text>`,
      )
      .join("")}
    <text x="${width / 2}" y="${height - 2}" text-anchor="middle">steps of each member</text>
    ${lines.join("")}</svg></div>`;
}

function table(curves: readonly Curve[]): string {
  const rows = curves.map(({ run, color, points, test }) => {
    const best = points.at(-1)!.best.toFixed(4);
    return `<tr><td><span class="swatch" style="background:${color}"></span>${titleOf(run)}</td>
      <td>${run.seed}</td><td>${run.state.kind}</td><td>${best}</td>
      <td>${test?.toFixed(4) ?? ""}</td></tr>`;
  });
  return `<div class="wide"><table><tr><th>strategy</th><th>seed</th><th>state</th>
    <th>accuracy</th><th>on test pictures</th></tr>${rows.join("")}</table></div>
    <p class="muted">One seed proves nothing: try several.</p>`;
}

/** What the reader prefers. */
export const dark = () => matchMedia("(prefers-color-scheme: dark)");

/** The figures of Clade's report. */
export async function drawFigures(
  place: HTMLElement,
  store: PopulationStore,
  run: Run,
): Promise<void> {
  const figures = await runFigures(store, run.id, dark().matches ? "dark" : "light");
  const shown = Object.values(figures).map((figure) =>
    figure.svg === undefined
      ? ""
      : `<h3>${figure.title}</h3><div class="wide">${figure.svg}</div>
         <figcaption>${figure.caption}</figcaption>`,
  );
  place.innerHTML = shown.join("");
}
