/** Live views of a large run, for a page. */
import { LiveRun, liveCurves, liveTree, type SnapshotId } from "clade/browser";

interface Fed {
  readonly frames: number;
  /** Milliseconds: in which half and 99 of 100 frames are drawn, and the slowest. */
  readonly half: number;
  readonly most: number;
  readonly slowest: number;
  readonly framesPerSecond: number;
  /** How many pixels of each canvas have a colour. */
  readonly inked: readonly number[];
}

/** Feeds a generation of some members for each frame, with copies, and draws two canvases. */
export async function feed(members: number, generations: number, atOnce = members): Promise<Fed> {
  const run = new LiveRun({ direction: "maximize", members });
  const canvases = [300, 600].map((height) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 880, height });
    document.body.append(canvas);
    return canvas;
  });
  const [curves, tree] = canvases as [HTMLCanvasElement, HTMLCanvasElement];
  const views = [liveCurves(curves, run), liveTree(tree, run)];
  const times: number[] = [];
  const newest = Array.from({ length: members }, (_, member) => `${member}.0` as SnapshotId);
  const begin = performance.now();
  let next = 0;
  while (next < members * generations) {
    for (let count = 0; count < atOnce && next < members * generations; count++) {
      addOne(run, newest, next % members, Math.floor(next / members), generations);
      next++;
    }
    const before = performance.now();
    for (const view of views) view.draw();
    times.push(performance.now() - before);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  const seconds = (performance.now() - begin) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]!;
  return {
    frames: times.length,
    ...{ half: at(0.5), most: at(0.99), slowest: at(1) },
    framesPerSecond: times.length / seconds,
    inked: canvases.map(inkOf),
  };
}

function addOne(
  run: LiveRun,
  newest: SnapshotId[],
  member: number,
  generation: number,
  of: number,
): void {
  const share = (generation + 1) / of;
  const score = share * (1 + 0.2 * Math.sin(member * 12.9898 + generation));
  const common = { member, hyperparameters: {}, memberSteps: 10 * generation };
  // Now and then a member copies its neighbour.
  if (generation > 0 && (member + generation) % 7 === 0) {
    const id = `${member}.${2 * generation}` as SnapshotId;
    const parent = newest[(member + 1) % newest.length]!;
    run.add([{ ...common, id, kind: "copied", parent, generation, step: 10 * generation }]);
    newest[member] = id;
  }
  const id = `${member}.${2 * generation + 1}` as SnapshotId;
  const parent = newest[member]!;
  const step = 10 * (generation + 1);
  run.add([{ ...common, id, kind: "trained", parent, generation: generation + 1, step, score }]);
  newest[member] = id;
}

function inkOf(canvas: HTMLCanvasElement): number {
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha]! > 0) inked++;
  return inked;
}
