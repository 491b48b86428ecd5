/**
 * Buffers for parts of files that are sent or received. Their number is limited for all transfers
 * of a process together. Buffers are reused, since new memory of this size costs about as much as
 * sending it; all are freed when nothing is transferred.
 */
import { Semaphore } from "./semaphore.ts";

/** Parts that are sent or received at the same time. */
export const partsInFlight = 8;

export class PartBuffers {
  #buffers: Buffer[] = [];
  #taken = 0;
  readonly #free = new Semaphore(partsInFlight);

  /** A buffer of at least this many bytes. Give it back after use. */
  async take(size: number): Promise<Buffer> {
    await this.#free.acquire();
    this.#taken++;
    const spare = this.#buffers.pop();
    return spare && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size);
  }

  give(buffer: Buffer): void {
    this.#taken--;
    this.#buffers.push(buffer);
    if (this.#taken === 0) this.#buffers = [];
    this.#free.release();
  }
}
