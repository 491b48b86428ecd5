/**
 * The border to the terminal. Whatever a command, an error or a trainer of this process prints
 * passes here and is made legible; the command line's own styles are marked by a secret of this
 * process, and its live view is drawn past the border, from text that is legible already.
 */
import { randomUUID } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import { styleText } from "node:util";
import { legible } from "../../algorithm/legible.ts";
import type { Output } from "../context.ts";

/** Writes to streams as they were before the border. */
const unguarded = new WeakMap<Output, Write>();

type Write = NodeJS.WriteStream["write"];

const mark = `\u001b${randomUUID()}`;
const ownStyle = new RegExp(`${mark}(\\[[\\d;]*m)`);

/** Makes legible what is written to a stream from now on. */
export function guard(stream: Output): void {
  if (unguarded.has(stream)) return;
  const write = stream.write.bind(stream) as Write;
  unguarded.set(stream, write);
  const decoder = new StringDecoder("utf8");
  stream.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ) => {
    const given = typeof encoding === "string" ? encoding : "utf8";
    const isText = typeof chunk === "string" && /^utf-?8$/i.test(given);
    const text = isText
      ? chunk
      : decoder.write(typeof chunk === "string" ? Buffer.from(chunk, given) : Buffer.from(chunk));
    return write(shown(text), "utf8", typeof encoding === "function" ? encoding : done);
  };
}

/** Text in a style where a stream has styles. Only such text is styled in what is printed. */
export function styled(style: "bold" | "red", text: string, stream: Output): string {
  const [open = "", close = ""] = styleText(style, "|", { stream }).split("|");
  const marked = (code: string) => code.replace("\u001b", mark);
  return `${marked(open)}${text}${marked(close)}`;
}

/** A styled line cut to the width of the terminal, without its styles then. */
export function cut(line: string, columns: number): string {
  const plain = legible(line.split(ownStyle).filter(isText).join(""));
  const signs = [...plain];
  return signs.length <= columns ? line : `${signs.slice(0, columns - 1).join("")}…`;
}

/** Draws text anew in place of what it drew before. */
export async function liveDrawing(
  stdout: Output,
): Promise<{ draw(text: string): void; done(): void }> {
  const { createLogUpdate } = await import("log-update");
  const write = unguarded.get(stdout) ?? stdout.write.bind(stdout);
  const showCursor = () => void write("\u001b[?25h");
  // Its own way to hide the cursor would pass the border when it shows it again.
  const update = createLogUpdate(Object.create(stdout, { write: { value: write } }), {
    showCursor: true,
  });
  write("\u001b[?25l");
  process.once("exit", showCursor);
  return {
    draw: (text) => update(shown(text)),
    done() {
      update.done();
      process.off("exit", showCursor);
      showCursor();
    },
  };
}

function shown(text: string): string {
  if (!text.includes(mark)) return legible(text);
  const parts = text.split(ownStyle);
  return parts
    .map((part, index) => (isText(part, index) ? legible(part) : `\u001b${part}`))
    .join("");
}

/** Every other part is the code of a style. */
function isText(_part: string, index: number): boolean {
  return index % 2 === 0;
}
