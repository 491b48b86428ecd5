export interface PostgresOptions {
  /**
   * With it a server that cannot be reached at the start is waited for, as later on, and this is
   * told why. Otherwise it is an error.
   */
  readonly tellWaiting?: (sentence: string) => void;
}
