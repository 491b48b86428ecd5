#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read, so that they get a sentence and not a
// syntax error.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `clade needs Node 24 or later, and this is Node ${process.versions.node}: ` +
      'install a newer one, or run "npm install node@24" in your project and use npx clade.',
  );
  process.exitCode = 2;
} else {
  await import("./start.js");
}
