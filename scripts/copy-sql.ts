/** Puts the SQL files beside the built files that read them. */
import { cpSync, statSync } from "node:fs";

cpSync("src", "dist", {
  recursive: true,
  filter: (path) => statSync(path).isDirectory() || path.endsWith(".sql"),
});
