import { InvalidArgumentError } from "commander";
import type { Parser } from "../declare/option.ts";

export function wholeNumber(min = 1): Parser<number> {
  return (text, flag) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`${flag} must be a whole number of at least ${min}.`);
  };
}

const secondsOf: { readonly [unit: string]: number } = { "": 1, s: 1, m: 60, h: 3600 };

/** A time such as 90, 90s, 10m or 2h, in seconds. */
export const time: Parser<number> = (text, flag) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text.trim()) ?? [];
  if (amount !== undefined && unit !== undefined) return Number(amount) * secondsOf[unit]!;
  throw new InvalidArgumentError(
    `${flag} must be a time in seconds, or one such as 90s, 10m or 2h.`,
  );
};

/** An option that can be repeated. */
export const repeated: Parser<readonly string[]> = (text, _flag, before = []) => [...before, text];
