import { option } from "../declare/option.ts";

export const json = option("--json", "print JSON, and nothing else, on standard output");
