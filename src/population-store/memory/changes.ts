/** Tells those who wait that a store has changed. */
export class Changes {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** Differs after every change. */
  get mark(): string {
    return String(this.#count);
  }

  note(): void {
    this.#count++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves when the mark differs from the one that was seen, or after the time. */
  wait(seen: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      signal?.addEventListener("abort", wake);
      this.#waiting.add(wake);
      if (signal?.aborted || seen !== this.mark) wake();
    });
  }
}
