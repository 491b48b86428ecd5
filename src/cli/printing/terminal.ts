/**
 * The border to the terminal. All output of a command, an error or a trainer of this process
 * passes here and is made legible. The command line's own styles are marked by a secret of this
 * process. Its live view bypasses the border, because its text is legible already.
 */
import { randomUUID } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import { styleText } from "node:util";
import { legible } from "../../algorithm/legible.ts";
import type { Output } from "../context.ts";

/** Writes to the streams directly, without the border. */
const unguarded = new WeakMap<Output, Write>();

type Write = NodeJS.WriteStream["write"];

const mark = `\u001b${randomUUID()}`;
const ownStyle = new RegExp(`${mark}(\\[[\\d;]*m)`);

/** Makes everything legible that is written to a stream from now on. */
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

/** Text in a style, if the stream supports styles. No other text is styled in the output. */
export function styled(style: "bold" | "red", text: string, stream: Output): string {
  const [open = "", close = ""] = styleText(style, "|", { stream }).split("|");
  const marked = (code: string) => code.replace("\u001b", mark);
  return `${marked(open)}${text}${marked(close)}`;
}

/** A styled line. If it is too wide for the terminal it is cut, and loses its styles. */
export function cut(line: string, columns: number): string {
  const plain = legible(line.split(ownStyle).filter(isText).join(""));
  const signs = [...plain];
  return signs.length <= columns ? line : `${signs.slice(0, columns - 1).join("")}…`;
}

/** Redraws text in place of what it drew before. */
export async function liveDrawing(
  stdout: Output,
): Promise<{ draw(text: string): void; done(): void }> {
  const { createLogUpdate } = await import("log-update");
  const write = unguarded.get(stdout) ?? stdout.write.bind(stdout);
  const showCursor = () => void write("\u001b[?25h");
  // Its own way of hiding the cursor would bypass the border when the cursor is shown again.
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

/** Every second part is the code of a style. */
function isText(_part: string, index: number): boolean {
  return index % 2 === 0;
}
