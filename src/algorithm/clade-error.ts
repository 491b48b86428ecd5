/**
 * The base of every error that Clade raises on purpose. A message gives the value, the rule and
 * the remedy.
 */
export class CladeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
