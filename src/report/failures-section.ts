import type { RunHistory } from "../analysis/run-history.ts";
import type { Failure } from "../population-store/population-store.ts";
import { html } from "./html.ts";
import type { Section } from "./page.ts";
import { count, placeOf, plural, shortened, time } from "./words.ts";

const mostShown = 50;
const mostCharacters = 4_000;

/** Errors of trainers, the latest first. */
export function failuresSection({ failures, run, totals }: RunHistory): Section {
  const section = { id: "failures", heading: "Failures" };
  if (failures.length === 0) return { ...section, content: [html`<p>No training failed.</p>`] };
  const shown = failures.toReversed().slice(0, mostShown);
  const rest = totals.failures - shown.length;
  const sentence = `${plural(totals.failures, "failure")}, the latest first.${rest > 0 ? ` ${count(rest)} earlier ones are left out; clade export ${run.id} writes them all.` : ""}`;
  return { ...section, content: [html`<p>${sentence}</p>`, ...shown.map(failureElement)] };
}

function failureElement(failure: Failure) {
  const { member, at, worker, message, stack, hyperparameters } = failure;
  const values = hyperparameters && JSON.stringify(hyperparameters);
  return html`<details><summary>member ${member} ${placeOf(failure)}, ${time(at)}: ${shortened(message, 200)}</summary>
<p>On worker ${worker}${values === undefined ? "" : `, with ${shortened(values, 1_000)}`}.</p><pre>${shortened(stack || message, mostCharacters)}</pre></details>`;
}
