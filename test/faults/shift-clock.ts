/**
 * Preloaded if there is no `faketime`: shifts the clock of this process by CLADE_TEST_CLOCK_MS.
 */
const shiftMs = Number(process.env.CLADE_TEST_CLOCK_MS);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given: readonly unknown[]) {
    super(...((given.length > 0 ? given : [RealDate.now() + shiftMs]) as [number]));
  }

  static override now(): number {
    return RealDate.now() + shiftMs;
  }
} as DateConstructor;
