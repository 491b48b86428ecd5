/**
 * The minutes of a time limit as sbatch reads it: 90, 90:00, 1:30:00, 1-6, 1-6:30 or 1-6:30:00.
 * Undefined for anything else.
 */
export function minutesOfLimit(text: string): number | undefined {
  const [, days, rest] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const parts = rest.split(":").map(Number);
  const hoursFirst = days !== undefined || parts.length === 3;
  const [hours = 0, minutes = 0, seconds = 0] = hoursFirst ? parts : [0, ...parts];
  return Number(days ?? 0) * 24 * 60 + hours * 60 + minutes + seconds / 60;
}
