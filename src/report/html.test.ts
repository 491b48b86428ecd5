import { expect, test } from "vitest";
import { html } from "./html.ts";

test("what is inserted is text, also between quotes", () => {
  expect(html`<b title="${`"><script>`}">${"<i> & 'x'"}</b>`.markup).toBe(
    '<b title="&#34;&#62;&#60;script&#62;">&#60;i&#62; &#38; &#39;x&#39;</b>',
  );
});

test("markup, lists and nothing are inserted as they are", () => {
  expect(html`<ul>${[1, 2].map((item) => html`<li>${item}</li>`)}${undefined}</ul>`.markup).toBe(
    "<ul><li>1</li><li>2</li></ul>",
  );
});

test("a name like a colour token stays a name, and what cannot be seen is shown", () => {
  expect(html`${"var(--ink)"}${"\u0000\ud800\u202e"}`.markup).toBe(
    "var(&#45;-ink)\\u0000\\ud800\\u202e",
  );
});
