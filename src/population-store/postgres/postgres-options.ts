export interface PostgresOptions {
  /**
   * If this is given and the server cannot be reached at the start, the store reports why to it
   * and waits, as it does later on. Otherwise it is an error.
   */
  readonly tellWaiting?: (sentence: string) => void;
}
