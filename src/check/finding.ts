/**
 * A finding of a check. Only "bad" is a mistake. A note says what could not be proved, a warning
 * what may be intended.
 */
export interface Finding {
  readonly kind: "ok" | "note" | "warn" | "bad";
  readonly text: string;
}

export type Report = (finding: Finding) => void;

const words = { ok: "ok  ", note: "note", warn: "warn", bad: "BAD " } as const;

export function findingLine({ kind, text }: Finding): string {
  return `${words[kind]} ${text}`;
}
