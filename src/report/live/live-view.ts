/// <reference lib="dom" />
/** Live views of a run on a canvas, for populations of any size. */
import { scoreColors, type Theme, themeColor } from "../theme.ts";
import { type Frame, frameOf } from "./frame.ts";
import type { CopiedWeights, LiveRun, Stretch } from "./live-run.ts";

/** A view of a run on a canvas. */
export interface LiveView {
  /** Draws what the run has by now. Call it once for each frame of the screen. */
  draw(): void;
}

type Draw = CanvasRenderingContext2D;

/** Where things lie on a canvas. */
interface Layout {
  /** Draws stretches and copies below the best lineage. */
  strokes(draw: Draw, frame: Frame, stretches: readonly Stretch[], copies: Copies): void;
  /** The way of a stretch, from its end back to where its lineage comes from. */
  way(frame: Frame, stretch: Stretch): readonly Place[];
}

type Place = readonly [x: number, y: number];
type Copies = readonly CopiedWeights[];

/** Every member's score over the steps of its weights, and the lineage of the best. */
export function liveCurves(
  canvas: HTMLCanvasElement,
  run: LiveRun,
  theme: Theme = "light",
): LiveView {
  const { width, height } = canvas;
  const place = (frame: Frame, { step, score }: Stretch) => {
    const share = ((score ?? frame.low) - frame.low) / (frame.high - frame.low);
    const y = height * (1 - Math.min(1, Math.max(0, share)));
    return [(width * step) / frame.lastStep, y] as const;
  };
  return viewOf(canvas, run, theme, {
    way: (frame, stretch) => [place(frame, stretch)],
    strokes(draw, frame, stretches) {
      draw.strokeStyle = themeColor(theme, "middle");
      draw.globalAlpha = run.members > 100 ? 0.25 : 0.6;
      draw.lineWidth = 1;
      draw.beginPath();
      for (const stretch of stretches) {
        if (!stretch.from || stretch.score === undefined) continue;
        draw.moveTo(...place(frame, stretch.from));
        draw.lineTo(...place(frame, stretch));
      }
      draw.stroke();
      draw.globalAlpha = 1;
    },
  });
}

/** A row for each member, over its generations; who copied whom; the lineage of the best. */
export function liveTree(
  canvas: HTMLCanvasElement,
  run: LiveRun,
  theme: Theme = "light",
): LiveView {
  const { width, height } = canvas;
  const row = height / run.members;
  const x = (frame: Frame, generation: number) => (width * generation) / frame.lastGeneration;
  const y = (member: number) => (member + 0.5) * row;
  /** From 0 for the worst that is shown to the number of the best colour. */
  const colorOf = ({ low, high }: Frame, score: number | undefined) => {
    if (score === undefined) return 0;
    const share = (score - low) / (high - low);
    const goodness = run.direction === "maximize" ? share : 1 - share;
    return Math.min(scoreColors - 1, Math.max(0, Math.floor(goodness * scoreColors)));
  };
  return viewOf(canvas, run, theme, {
    way: (frame, { generation, member }) => [
      [x(frame, generation), y(member)],
      [x(frame, generation - 1), y(member)],
    ],
    strokes(draw, frame, stretches, copies) {
      draw.strokeStyle = themeColor(theme, "faint");
      draw.lineWidth = Math.min(1, row / 2);
      draw.beginPath();
      for (const { from, member, generation } of copies) {
        draw.moveTo(x(frame, generation), y(from.member));
        draw.lineTo(x(frame, generation), y(member));
      }
      draw.stroke();
      draw.lineWidth = Math.min(6, Math.max(0.5, 0.7 * row));
      const byColor = Map.groupBy(stretches, ({ score }) => colorOf(frame, score));
      for (const [color, own] of byColor) {
        draw.strokeStyle = themeColor(theme, `score-${color}`);
        draw.beginPath();
        for (const { generation, member } of own) {
          draw.moveTo(x(frame, generation - 1), y(member));
          draw.lineTo(x(frame, generation), y(member));
        }
        draw.stroke();
      }
    },
  });
}

/** What was drawn stays on a canvas of its own; the best lineage is drawn over it each time. */
function viewOf(
  canvas: HTMLCanvasElement,
  run: LiveRun,
  theme: Theme,
  { strokes, way }: Layout,
): LiveView {
  const draw = canvas.getContext("2d")!;
  const kept = new OffscreenCanvas(canvas.width, canvas.height);
  const keeping = kept.getContext("2d")! as unknown as Draw;
  let frame: Frame | undefined;
  let drawn = { stretches: 0, copies: 0 };
  return {
    draw() {
      const { stretches, copies } = run;
      if (stretches.length === 0) return;
      const next = frameOf(run, frame);
      if (next !== frame) {
        keeping.clearRect(0, 0, kept.width, kept.height);
        drawn = { stretches: 0, copies: 0 };
        frame = next;
      }
      if (stretches.length > drawn.stretches || copies.length > drawn.copies) {
        const [from, since] = [drawn.stretches, drawn.copies];
        strokes(keeping, frame, stretches.slice(from), copies.slice(since));
        drawn = { stretches: stretches.length, copies: copies.length };
      }
      draw.clearRect(0, 0, canvas.width, canvas.height);
      draw.drawImage(kept, 0, 0);
      draw.strokeStyle = themeColor(theme, "best");
      draw.lineWidth = 3;
      draw.lineJoin = "round";
      draw.beginPath();
      for (const stretch of run.bestLineage())
        for (const [x, y] of way(frame, stretch)) draw.lineTo(x, y);
      draw.stroke();
    },
  };
}
