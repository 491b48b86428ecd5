/**
 * The memory of transfers: parts of files on their way up or down, so many at a time for all
 * transfers of a process together. Each is used again, since fresh memory of this size costs about
 * as much as sending it; all are let go when nothing is transferred.
 */
import { Turns } from "./in-turn.ts";

/** Parts that are sent or received at the same time. */
export const partsInFlight = 8;

export class PartBuffers {
  #buffers: Buffer[] = [];
  #taken = 0;
  readonly #turns = new Turns(partsInFlight);

  /** A buffer of at least so many bytes, to be given back. */
  async take(size: number): Promise<Buffer> {
    await this.#turns.take();
    this.#taken++;
    const spare = this.#buffers.pop();
    return spare && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size);
  }

  give(buffer: Buffer): void {
    this.#taken--;
    this.#buffers.push(buffer);
    if (this.#taken === 0) this.#buffers = [];
    this.#turns.give();
  }
}
