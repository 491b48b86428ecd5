/**
 * Lists the lines of this repository that have more than 99 characters. What people write is
 * checked, and not what is generated or recorded, such as JSON and figures.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const max = 99;
const written = /\.(md|ts|m?js|py|sh|ya?ml|sql|toml)$|(^|\/)Dockerfile$|^\.ci\/run$/;

/** Texts that are held to their hashes, since what they say has been done to databases. */
const unchangeable = [
  "src/population-store/postgres/landed-functions.ts",
  "src/population-store/postgres/migrations.ts",
  "src/population-store/sqlite/migrations.ts",
];

/**
 * What cannot be broken: a row of a Markdown table, a link or URL that has its own line, and the
 * import of one name.
 */
const unbreakable = (file: string, line: string) =>
  (file.endsWith(".md") && line.trimStart().startsWith("|")) ||
  /^[\s*/#<>-]*(!?\[[^\]]*\]\(\S+\)|\w+="\S+"|https?:\/\/\S+)[\s.,;:>]*$/.test(line) ||
  /^import (type )?\{ \w+ \} from "\S+";$/.test(line);

const files = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" })
  .split("\0")
  .filter((file) => written.test(file) && !unchangeable.includes(file));
const complaints = files.flatMap((file) =>
  readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index) => {
      const { length } = [...line];
      if (length <= max || unbreakable(file, line)) return [];
      return [`${file}:${index + 1}: ${length} characters, of ${max} at most`];
    }),
);
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;
else console.log(`lines have at most ${max} characters in ${files.length} files`);
