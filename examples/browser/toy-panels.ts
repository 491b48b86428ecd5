/** Figure 2 of the paper: four panels with the traces of two members, which grow in a second. */
import { finalBest, type Point, panels, trace } from "../paper/toy.ts";

const size = 200;
const colors = ["#0072b2", "#d55e00"];

export async function drawToy(place: HTMLElement, seed: number): Promise<void> {
  const traces = await Promise.all(
    Object.entries(panels).map(([panel, experiment]) => trace(panel, experiment, seed)),
  );
  const last = Math.max(...traces.flat().map(({ step }) => step));
  const begin = performance.now();
  const draw = () => {
    const share = Math.min(1, (performance.now() - begin) / 1000);
    place.innerHTML = traces.map((points) => panel(points, share * last)).join("");
    if (share < 1 && place.isConnected) requestAnimationFrame(draw);
  };
  draw();
}

function panel(points: readonly Point[], until: number): string {
  const seen = points.filter(({ step }) => step <= until);
  const members = [...new Set(seen.map(({ member }) => member))];
  const lines = members.map((member, index) => {
    const own = seen.filter((point) => point.member === member);
    return line(own, colors[index]!);
  });
  const [{ panel: title }] = points as [Point];
  const best = until < points.at(-1)!.step ? "" : `, best Q ${finalBest(points).toFixed(2)}`;
  return `<figure><svg viewBox="-8 -8 ${size + 16} ${size + 16}" role="img"
    aria-label="${title}${best}">
    <rect width="${size}" height="${size}" fill="none" stroke="var(--line)"/>
    ${[0.4, 0.8, 1.1].map(contour).join("")}
    <text x="0" y="${size}" text-anchor="middle" dominant-baseline="central">★</text>
    ${lines.join("")}</svg>
    <figcaption>${title}${best}</figcaption></figure>`;
}

/** A quarter circle of equal Q. */
function contour(q: number): string {
  const radius = size * Math.sqrt(1.2 - q);
  return `<path d="M0,${size - radius}A${radius},${radius} 0 0 1 ${radius},${size}" fill="none"
    stroke="var(--line)"/>`;
}

/** The member's way over the plane of its two weights. Copies are dotted. */
function line(points: readonly Point[], color: string): string {
  const at = ({ theta0, theta1 }: Point) => `${size * theta0},${size * (1 - theta1)}`;
  let trained = "";
  let copies = "";
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (point.copied && before) copies += `M${at(before)}L${at(point)}`;
    trained += `${point.copied || !before ? "M" : "L"}${at(point)}`;
  }
  const last = points.at(-1)!;
  return `<path d="${trained}" fill="none" stroke="${color}" stroke-width="2.5"/>
    <path d="${copies}" fill="none" stroke="${color}" stroke-width="1.5" stroke-dasharray="2 3"/>
    <circle cx="${size * last.theta0}" cy="${size * (1 - last.theta1)}" r="4" fill="${color}"/>`;
}
