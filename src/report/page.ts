import { type Figure, figureElement, type NoFigure } from "./figure.ts";
import { html, Markup } from "./html.ts";
import { themeStyles } from "./theme.ts";

/** A part of a page, which links can target. */
export interface Section {
  /** Lower-case letters and dashes; unique in the page. */
  readonly id: string;
  readonly heading: string;
  readonly content: readonly (Markup | Figure | NoFigure)[];
}

export interface Page {
  readonly title: string;
  /** Below the title, before the sections. */
  readonly lead: Markup;
  readonly sections: readonly Section[];
}

/** A page in one file, without scripts, style sheets, fonts or pictures from elsewhere. */
export function page({ title, lead, sections }: Page): string {
  const links = sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`);
  const bodies = sections.map(
    ({ id, heading, content }) =>
      html`<section id="${id}"><h2><a href="#${id}">${heading}</a></h2>${content.map((part) =>
        part instanceof Markup ? part : figureElement(part),
      )}</section>\n`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(`${themeStyles()}\n${styles}`)}</style>
</head>
<body>
<header><h1>${title}</h1>${lead}<nav aria-label="sections"><ul>${links}</ul></nav></header>
<main>
${bodies}</main>
</body>
</html>
`.markup;
}

/** A table. Columns named in `numeric` are aligned right. */
export function tableElement(
  header: readonly string[],
  rows: readonly (readonly (Markup | string)[])[],
  numeric: ReadonlySet<string> = new Set(),
): Markup {
  const side = (column: number) =>
    numeric.has(header[column]!) ? html` class="number"` : undefined;
  const head = header.map((name, column) => html`<th scope="col"${side(column)}>${name}</th>`);
  const body = rows.map(
    (row) => html`<tr>${row.map((cell, column) => html`<td${side(column)}>${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="wide"><table><thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>`;
}

/** Names and their values, one pair in each row. */
export function pairs(rows: readonly (readonly [name: string, value: Markup | string])[]): Markup {
  const body = rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`,
  );
  return html`<div class="wide"><table class="pairs"><tbody>${body}</tbody></table></div>`;
}

const styles = `
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.5rem 5rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans",
    "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 3.5rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--grid); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
h2 a { color: inherit; text-decoration: none; }
h2 a:hover { text-decoration: underline; }
a { color: var(--band-middle); }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none;
  margin: 1.25rem 0 0; padding: 0; font-size: .925rem; }
.lead { color: var(--muted); }
.notice { border-left: 3px solid var(--best); padding: .25rem 0 .25rem .9rem; }
.none { background: var(--shade); border-radius: 4px; padding: .75rem 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 1.25rem 0; }
.facts dt { font-size: .8rem; color: var(--muted); }
.facts dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
figure { margin: 1.25rem 0; overflow-x: auto; }
figure svg { display: block; max-width: 100%; min-width: 620px; height: auto; }
figcaption { color: var(--muted); font-size: .875rem; max-width: 46rem; margin-top: .6rem;
  overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.1rem .3rem 0;
  border-bottom: 1px solid var(--grid); }
thead th { color: var(--muted); font-weight: 600; max-width: 22rem; overflow-wrap: break-word; }
td { max-width: 22rem; overflow-wrap: break-word; }
.pairs th { font-weight: 400; color: var(--muted); min-width: 9rem; max-width: 22rem;
  overflow-wrap: anywhere; }
.pairs td { min-width: 9rem; max-width: none; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
.mark { color: var(--best); font-weight: 600; }
summary { cursor: pointer; color: var(--band-middle); margin: .75rem 0; font-size: .925rem; }
pre { font-size: .8rem; overflow-x: auto; background: var(--shade); padding: .75rem 1rem;
  border-radius: 4px; }
@media (max-width: 40rem) { .wide table:not(.pairs) { min-width: 44rem; } }
@media print { body { max-width: none; padding: 0; } nav { display: none; }
  figure, tr { break-inside: avoid; } }
`;
