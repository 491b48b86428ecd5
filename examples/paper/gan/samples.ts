/**
 * Draws what the generators of runs wrote over time, so that collapse can be seen: for each run
 * the best model's lineage and the member that ended worst.
 *
 *     npx node examples/paper/gan/samples.ts [RUN ...] [--store URL] [--out samples.png]
 *
 * draws the newest run when none is named. A column is a moment, and its ten pictures come from
 * the same latents at every moment. A checkpoint holds the album of its lineage, so the pictures
 * that led to a copy are those of the donor.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Resvg } from "@resvg/resvg-js";
import {
  filesystemCheckpointStore,
  type Member,
  type RunId,
  type Snapshot,
  sqlitePopulationStore,
} from "clade";
import { ALBUM_PAGE, ALBUM_STEPS } from "./gan.ts";
import { PIXELS, WIDTH } from "./pictures.ts";

const COLUMNS = 12;
const COLUMN = 96;
const ACROSS = 5;
/** Of a pixel of a digit. */
const SIDE = 2;

/** A lineage's pictures, [moments x ALBUM_PAGE x PIXELS], ink from 0 to 255. */
export interface Album {
  readonly title: string;
  readonly ink: Uint8Array;
}

/** One band an album, drawn as SVG. */
export function drawAlbums(albums: readonly Album[]): string {
  const moments = Math.max(...albums.map(({ ink }) => ink.length / (ALBUM_PAGE * PIXELS)));
  const columns = Math.min(COLUMNS, moments);
  const pages = Array.from(
    { length: columns },
    (_, i) => Math.round(((i + 1) * moments) / columns) - 1,
  );
  const band = 66;
  const width = columns * COLUMN + 16;
  const height = albums.length * band + 34;
  const text = (x: number, y: number, words: string) => `<text x="${x}" y="${y}">${words}</text>`;
  const headings = pages.map((page, i) =>
    text(16 + i * COLUMN, 18, `step ${((page + 1) * ALBUM_STEPS).toLocaleString("en")}`),
  );
  const bands = albums.map(({ title, ink }, row) => {
    const top = 28 + row * band;
    const drawn = pages.map((page, i) => drawPage(ink, page, 16 + i * COLUMN, top + 18));
    return text(16, top + 12, title) + drawn.join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
  font-family="DejaVu Sans" font-size="11" fill="#333">
<rect width="100%" height="100%" fill="white"/>
${[...headings, ...bands].join("\n")}
</svg>
`;
}

/** Nothing is drawn of a page that was never written, because training broke down. */
function drawPage(ink: Uint8Array, page: number, left: number, top: number): string {
  const pixels = ink.subarray(page * ALBUM_PAGE * PIXELS, (page + 1) * ALBUM_PAGE * PIXELS);
  return Array.from(pixels, (value, i) => {
    const [picture, pixel] = [Math.floor(i / PIXELS), i % PIXELS];
    const x = left + ((picture % ACROSS) * (WIDTH + 1) + (pixel % WIDTH)) * SIDE;
    const y =
      top + (Math.floor(picture / ACROSS) * (WIDTH + 1) + Math.floor(pixel / WIDTH)) * SIDE;
    const gray = 255 - value;
    return (
      `<rect x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" ` +
      `fill="rgb(${gray},${gray},${gray})"/>`
    );
  }).join("");
}

/** The albums of the member that ended best and of the one that ended worst. */
async function albumsOf(
  run: RunId,
  members: readonly Member[],
  directory: string,
): Promise<Album[]> {
  const ranked = members.map(({ newest }) => newest).toSorted((a, b) => scoreOf(b) - scoreOf(a));
  const checkpoints = filesystemCheckpointStore(join(directory, "checkpoints", run));
  const both = { best: ranked[0]!, worst: ranked.at(-1)! };
  return Promise.all(
    Object.entries(both).map(async ([name, snapshot]) => ({
      title: `${run}, ${name}: member ${snapshot.member}, ${scoreText(snapshot)}`,
      ink: (await checkpoints.load(snapshot.checkpoint!)).get("album")!,
    })),
  );
}

function scoreText(snapshot: Snapshot): string {
  const score = scoreOf(snapshot);
  return Number.isFinite(score) ? `Inception score ${score.toFixed(2)}` : "training broke down";
}

function scoreOf({ metrics, score = Number.NaN }: Snapshot): number {
  const found = metrics.finalInceptionScore ?? score;
  return Number.isNaN(found) ? Number.NEGATIVE_INFINITY : found;
}

function toPng(svg: string): Uint8Array {
  const font = fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));
  const fitTo = { mode: "zoom", value: 2 } as const;
  return new Resvg(svg, { fitTo, font: { fontFiles: [font] }, shapeRendering: 1 })
    .render()
    .asPng();
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      store: { type: "string", default: ".clade/clade.db" },
      out: { type: "string", default: "samples.png" },
    },
  });
  await using population = sqlitePopulationStore(values.store);
  const runs =
    positionals.length > 0 ? (positionals as RunId[]) : [(await population.runs()).at(-1)!.id];
  const albums = await Promise.all(
    runs.map(async (run) => albumsOf(run, await population.members(run), dirname(values.store))),
  );
  writeFileSync(values.out, toPng(drawAlbums(albums.flat())));
  console.log(`written to ${values.out}`);
}
