import type { RunHistory } from "../analysis/run-history.ts";
import type { Failure } from "../population-store/population-store.ts";
import { html } from "./html.ts";
import type { Section } from "./page.ts";
import { count, placeOf, plural, shortened, time } from "./words.ts";

const maxShown = 50;
const maxCharacters = 4_000;

/** Errors of trainers, the latest first. */
export function failuresSection({ failures, run, totals }: RunHistory): Section {
  const section = { id: "failures", heading: "Failures" };
  if (failures.length === 0) return { ...section, content: [html`<p>No training failed.</p>`] };
  const shown = failures.toReversed().slice(0, maxShown);
  const rest = totals.failures - shown.length;
  const cap =
    rest > 0
      ? ` ${count(rest)} earlier ones are left out; clade export ${run.id} writes them all.`
      : "";
  const sentence = `${plural(totals.failures, "failure")}, the latest first.${cap}`;
  return { ...section, content: [html`<p>${sentence}</p>`, ...shown.map(failureElement)] };
}

function failureElement(failure: Failure) {
  const { member, at, worker, message, stack, hyperparameters } = failure;
  const values = hyperparameters && JSON.stringify(hyperparameters);
  const summary = `member ${member} ${placeOf(failure)}, ${time(at)}: ${shortened(message, 200)}`;
  const given = values === undefined ? "" : `, with ${shortened(values, 1_000)}`;
  return html`<details><summary>${summary}</summary>
<p>On worker ${worker}${given}.</p>
<pre>${shortened(stack || message, maxCharacters)}</pre></details>`;
}
