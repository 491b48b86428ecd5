/**
 * A page that trains a population in the reader's browser, with a Web Worker for each core, and
 * shows it live. What it trains lasts: after a reload it goes on.
 *
 *     npx node examples/browser/build.ts
 *
 * writes it as one file, which is opened as it is. The same script runs in the Web Workers.
 */
import {
  indexedDbCheckpointStore,
  indexedDbPopulationStore,
  LiveRun,
  liveCurves,
  liveTree,
  type Run,
  type RunSession,
  resume,
  serveExperiment,
  start,
  watch,
} from "clade/browser";
import { dark, drawComparison, drawFigures, titleOf } from "./comparison.ts";
import { experimentOf, type Method, methods, stepsPerMember } from "./experiment.ts";
import { drawToy } from "./toy-panels.ts";

if (typeof document === "undefined") serveExperiment(experimentOf(self.name as Method));
else await showPage();

async function showPage(): Promise<void> {
  const find = <T extends Element>(selector: string) => document.querySelector<T>(selector)!;
  // A page that is a file may not load a module from elsewhere, not even from a blob.
  const thread = `data:text/javascript,${encodeURIComponent(find("#script").textContent!)}`;
  const controls = find<HTMLFormElement>("#controls");
  const [method, seed, begin, stop, forget] = controls.elements as unknown as [
    ...[HTMLSelectElement, HTMLInputElement, HTMLButtonElement],
    ...[HTMLButtonElement, HTMLButtonElement],
  ];
  const status = find("#status");
  const live = find<HTMLElement>("#live");

  let chances = 13;
  void drawToy(find("#toy"), chances);
  find<HTMLFormElement>("#again").onsubmit = (event) => {
    event.preventDefault();
    void drawToy(find("#toy"), ++chances);
  };

  const populationStore = indexedDbPopulationStore("clade-digits");
  const checkpoints = (run: string) => indexedDbCheckpointStore(run, "clade-digits-models");
  const options = (name: Method) => ({
    checkpoints,
    threads: Math.min(8, navigator.hardwareConcurrency),
    startThread: () => new Worker(thread, { type: "module", name }),
  });

  for (const [name, { title }] of Object.entries(methods)) method.add(new Option(title, name));
  const free = (isFree: boolean) => {
    for (const element of [method, seed, begin, forget]) element.disabled = !isFree;
    stop.disabled = isFree;
  };

  /** Shows a run until it ends, and what is wrong if something is. */
  async function follow(session: RunSession, run: Run): Promise<void> {
    free(false);
    find("#figures").replaceChildren();
    const leave = () => void session.stop();
    stop.addEventListener("click", leave);
    const ended = new AbortController();
    try {
      await Promise.all([showEvents(run, ended.signal), showProgress(session, run)]);
    } finally {
      ended.abort();
      stop.removeEventListener("click", leave);
      live.hidden = true;
      free(true);
    }
  }

  async function showEvents(run: Run, signal: AbortSignal): Promise<void> {
    const shown = new LiveRun({ direction: "maximize", members: run.experiment.population });
    const theme = dark().matches ? "dark" : "light";
    const views = [
      liveCurves(find("#curves"), shown, theme),
      liveTree(find("#tree"), shown, theme),
    ];
    const draw = () => {
      for (const view of views) view.draw();
      if (!signal.aborted) requestAnimationFrame(draw);
    };
    live.hidden = false;
    draw();
    const list = find("#decisions");
    list.replaceChildren();
    for await (const event of watch(populationStore, run.id, { signal })) {
      if (event.type === "snapshot") shown.add([event.snapshot]);
      if (event.type !== "decision" || event.decision.kind !== "copy") continue;
      const { member, generation, donor, reason } = event.decision;
      const item = document.createElement("li");
      const copy = `member ${member} copies ${donor!.split(".")[0]}`;
      item.textContent = `generation ${generation}: ${copy}; ${reason.text}`;
      list.prepend(item);
      while (list.children.length > 8) list.lastChild!.remove();
    }
    if (list.children.length === 0) list.textContent = `Nobody copied: ${titleOf(run)}.`;
    await drawFigures(find("#figures"), populationStore, run);
  }

  async function showProgress(session: RunSession, run: Run): Promise<void> {
    let isDone = false;
    const done = session.result.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    for (let seen = ""; ; ) {
      const wasDone = isDone;
      const mark = populationStore.mark();
      if (mark !== seen || wasDone) await draw(run);
      seen = mark;
      if (wasDone) break;
      await Promise.race([done.catch(() => {}), new Promise((go) => setTimeout(go, 700))]);
    }
    const { score, seconds, state } = await done;
    const reached = score === undefined ? "" : `accuracy ${score.toFixed(4)}, `;
    status.textContent = `${run.id} is ${state.kind}: ${reached}${seconds.toFixed(0)} s`;
  }

  async function draw(run: Run): Promise<void> {
    const members = await populationStore.members(run.id);
    const steps = members.reduce((sum, { newest }) => sum + newest.memberSteps, 0);
    const share = Math.round((100 * steps) / (stepsPerMember * members.length));
    const { threads } = options("lead");
    status.textContent =
      `${run.id}: ${share}%, ${members.length} members on ${threads} threads. ` +
      "You may reload, or open this page twice.";
    await drawComparison(find("#comparison"), populationStore);
  }

  function say(error: unknown): void {
    status.textContent = error instanceof Error ? error.message : String(error);
    free(true);
  }

  controls.onsubmit = (event) => {
    event.preventDefault();
    free(false);
    const name = method.value as Method;
    const given = { ...options(name), populationStore, seed: Number(seed.value) };
    start(experimentOf(name), given)
      .then(async (session) => follow(session, await populationStore.run(session.id)))
      .catch(say);
  };

  forget.onclick = async () => {
    for (const { id } of await populationStore.runs()) {
      await using store = checkpoints(id);
      await populationStore.removeRun(id);
      await store.remove();
    }
    location.reload();
  };

  dark().onchange = async () => {
    const last = (await populationStore.runs()).at(-1);
    if (last) await drawFigures(find("#figures"), populationStore, last);
  };

  // After a reload.
  const runs = await populationStore.runs();
  const last = runs.at(-1);
  const going = runs.findLast(({ state }) => state.kind === "running");
  free(true);
  status.textContent = "Nothing trains.";
  if (going) {
    free(false);
    const name = going.experiment.name as Method;
    const resumed = async () =>
      follow(await resume(populationStore, going.id, experimentOf(name), options(name)), going);
    resumed().catch(say);
  } else if (last) {
    await drawComparison(find("#comparison"), populationStore);
    await drawFigures(find("#figures"), populationStore, last);
  }
}
