/**
 * URLs with a mistake in them, of which nobody can say where the password is: nothing that may be
 * it is shown, or becomes the name of a file.
 */
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type Random, randomStream } from "../algorithm/random.ts";
import { checkpointsUrl } from "../checkpoint-store/open.ts";
import { s3Place } from "../checkpoint-store/s3/s3-place.ts";
import { postgresUrl, shownUrl } from "../database/postgres/postgres-url.ts";
import { concealed } from "./printing/concealed.ts";
import { fileOf } from "./runs/open-store.ts";

const secret = "S3cr3t";
const passwords = [
  secret,
  `12/${secret}`,
  `1@${secret}`,
  `${secret}@1`,
  `a#${secret}`,
  `${secret}?b`,
  `%zz${secret}`,
  `12?${secret}:/@`,
];
const signs = [...":/@?#%&. \\[]"];

const wellFormed = /^postgres(ql)?:\/\/\w+(:\w+)?@[\w.]+(:\d+)?(\/|$)|^s3:\/\/\w+\/[\w@/]+$/i;

function malformed(random: Random, before: string, after: string): string {
  let text = `${before}${random.pick(passwords)}${after}`;
  for (let times = random.integer(3); times > 0; times--) {
    const start = text.indexOf(secret);
    const places = [...text]
      .map((_, index) => index)
      .filter((index) => index < start || index >= start + secret.length);
    const place = random.pick(places);
    const rest = text.slice(place + 1);
    const kinds = [
      rest,
      random.pick(signs) + text[place] + rest,
      random.pick(signs) + rest,
      text[place]!.toUpperCase() + rest,
    ];
    text = text.slice(0, place) + random.pick(kinds);
  }
  return text;
}

function shownOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return concealed(`${inspect(error)} ${(error as Error).stack}`);
  }
}

const stores: [string, string, (url: string) => string][] = [
  [
    "postgres://user:",
    "@host.example:5432/runs",
    (url) => fileOf(url, "/") ?? shownUrl(postgresUrl(url)),
  ],
  [
    "postgresql://user:",
    "@host/runs?sslmode=require",
    (url) => fileOf(url, "/") ?? shownUrl(postgresUrl(url)),
  ],
  ["s3://KEYKEY:", "@bucket/prefix", (url) => placeOf(url)],
  ["file://user:", "@host/shared", (url) => placeOf(url)],
  ["https://KEYKEY:", "@minio:9000/bucket", (url) => placeOf(url)],
];

function placeOf(url: string): string {
  const place = checkpointsUrl(url);
  return place.startsWith("s3") ? s3Place(place).shown : place;
}

test.each(stores)(
  "whatever is wrong with %s...%s, the password is not shown",
  (before, after, shown) => {
    const found: string[] = [];
    for (let seed = 0; seed < 3000; seed++) {
      const url = malformed(randomStream("malformed", seed), before, after);
      // Where nothing sets a user apart any more it may be a path, and a user, a host or a prefix
      // may have any name.
      if (!/[:/].*@/s.test(url) || wellFormed.test(url)) continue;
      const text = shownOf(() => shown(url));
      if (text.includes(secret) || text.includes(encodeURIComponent(secret)))
        found.push(`${url} shows ${text}`);
    }
    expect(found.slice(0, 10)).toEqual([]);
  },
);

test("what errors of others say of a URL is concealed", () => {
  expect(concealed("Invalid URL, input: 'postgres://user:S3cr3t@x:y'")).toBe(
    "Invalid URL, input: 'postgres://***@x:y'",
  );
  expect(concealed("error: unknown option '--stor=postgres://user:a@b/c@host/db'")).toBe(
    "error: unknown option '--stor=postgres://***@host/db'",
  );
  expect(concealed("run it: postgres://user@host/db, mail a:b@c, http://host:80/x")).toBe(
    "run it: postgres://user@host/db, mail a:b@c, http://host:80/x",
  );
});
