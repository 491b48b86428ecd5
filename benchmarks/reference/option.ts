/** A number of the command line, such as the 100 of `--seeds 100`. */
export function option(name: string, otherwise: number): number {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? otherwise : Number(process.argv[place + 1]);
}

/** A text of the command line, such as the path of `--store PATH`. */
export function textOption(name: string, otherwise: string): string {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? otherwise : process.argv[place + 1]!;
}
