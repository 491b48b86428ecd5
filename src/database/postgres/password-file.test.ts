import { expect, test } from "vitest";
import { passwordIn } from "./password-file.ts";

const sought = { host: "db.example", port: 5432, database: "clade", user: "me" };

test("the first line that fits has the password", () => {
  const text =
    "# db.example:5432:clade:me:comment\ndb.example:5433:*:*:port\n" +
    "*:*:clade:me:first\n*:*:*:*:second\n";
  expect(passwordIn(text, sought)).toBe("first");
  expect(passwordIn(text, { ...sought, database: "other" })).toBe("second");
  expect(passwordIn("*:*:*:you:x\r\n\r\nno line\r\n", sought)).toBeUndefined();
});

test("a backslash escapes a colon or a backslash; a password may be short or have colons", () => {
  expect(passwordIn(String.raw`*:*:*:a\:b\\:p\:q:r\\`, { ...sought, user: "a:b\\" })).toBe(
    "p:q:r\\",
  );
  expect(passwordIn("*:*:*:*:x", sought)).toBe("x");
});

test("the path of a socket is also localhost", () => {
  expect(passwordIn("localhost:*:*:*:x", { ...sought, host: "/run/postgresql" })).toBe("x");
  expect(passwordIn("/run/postgresql:*:*:*:x", { ...sought, host: "/run/postgresql" })).toBe("x");
});
