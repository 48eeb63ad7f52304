// The dashboard of one object: creates the parts of the page and connects them.

import { Acts } from "./acts.js";
import { Address, UNFILTERED } from "./address.js";
import { Api } from "./api.js";
import { CauseFilter } from "../table/cause_filter.js";
import { now } from "../shared/clock.js";
import { Detail } from "../dialog/detail.js";
import { byId, copy, frontDialog, setAttr, setIcon, setText } from "../shared/dom.js";
import { inherit, keepFocus } from "../shared/focus.js";
import { clock, fill, number } from "../shared/format.js";
import { Notices } from "./notices.js";
import { Pages } from "../table/pages.js";
import { Period } from "../table/period.js";
import { Poll } from "./poll.js";
import { RerunDialog } from "../dialog/rerun.js";
import { Rows } from "../table/rows.js";
import { Search } from "../table/search.js";
import { SilentFilter } from "../table/silent_filter.js";
import { Selection } from "../table/selection.js";
import { StateFilter } from "../table/state_filter.js";
import { Summary } from "./summary.js";
import { TaskFilter } from "../table/task_filter.js";
import { announce, toast } from "../shared/toast.js";

const AUTO_REFRESH = "celery_task_tracker.auto_refresh";
const LAUNCH_PANEL = "celery_task_tracker.launch_panel";
/** Milliseconds after a launch at which the page looks again. */
const SOON = [500, 1000, 2000];
const NARROW = "(max-width: 700px)";

const root = document.getElementById("task-tracker");
const config = JSON.parse(document.getElementById("task-tracker-config").textContent);
const { strings } = config;
// A task may be named like a property that every object has, such as "constructor".
Object.setPrototypeOf(config.names, null);
const api = new Api(config, root.querySelector("[name=csrfmiddlewaretoken]").value);

const address = new Address(config, (view) => {
  states.press(view.states);
  tasks.show([], view.tasks);
  search.show(view);
  period.show(view);
  summary.look(view);
  setBusy(!isShown(view));
  poll.now();
  detail.show(view.taskId, rows.get(view.taskId));
});

const poll = new Poll({
  interval: config.refreshInterval,
  isOn: localStorage.getItem(AUTO_REFRESH) !== "off",
  ask: () => api.list(address.view),
  answer: (history) => keepFocus(() => show(history), heir),
  fail(error, pause) {
    setBusy(false);
    api.forget();
    keepFocus(() => notices.failure(error, pause), heir);
  },
});

const notices = new Notices(strings);
const acts = new Acts(api, config, {
  refresh: () => poll.now(),
  open: (id) => address.open(id),
  follow,
});
const rows = new Rows(byId("rows"), config, {
  linkTo: (id) => address.linkTo(id),
  details: (task) => address.open(task.id),
  revoke: (task) => acts.revoke(task),
  rerun: (task) => acts.rerun(task, (record) => rerun.show(record)),
  copy: copyWithSign,
  select: (id, isSelected, isRange) => selection.toggle(id, isSelected, isRange),
  exceeded: (task) => summary.usual.exceeded(task),
});
const selection = new Selection(config, rows, async (act, ids) => {
  if (await acts.run(act, ids ? { ids } : { view: address.view })) selection.clear();
});
const detail = new Detail(config, {
  async load(id) {
    const record = await api.task(id);
    // The dialog does not wait for this.
    if (record.state === "STARTED") summary.usual.learn(record.name);
    return record;
  },
  loadFamily: (id) => api.family(id),
  linkTo: (id) => address.linkTo(id),
  open: (id) => address.open(id),
  copy: copyWithSign,
  revoke: (task) => acts.revoke(task),
  markLost: (task) => acts.markLost(task),
  async remove(task) {
    if (await acts.run("remove", { ids: [task.id] })) byId("detail").close();
  },
  rerun: (record) => rerun.show(record),
  exceeded: (task) => summary.usual.exceeded(task),
  closed(id) {
    address.close();
    inherit(() => rows.link(id) ?? heir());
  },
});
const rerun = new RerunDialog(api, config, {
  open: (id) => address.open(id),
  refresh: () => poll.now(),
  follow,
});
const states = new StateFilter(config, (chosen) => address.look({ states: chosen }));
const silent = new SilentFilter(config, (isChosen) => address.look({ silent: isChosen ? "1" : "" }));
const cause = new CauseFilter(config, () => address.look({ cause: "" }));
const tasks = new TaskFilter(config, (chosen) => address.look({ tasks: chosen }));
const search = new Search(config, {
  look: (changes) => address.look(changes),
  refine: (changes) => address.refine(changes),
});
const period = new Period((changes) => address.look(changes));
const summary = new Summary(config, api, {
  look: (changes) => address.look(changes),
  open: (id) => address.open(id),
  linkTo: (id) => address.linkTo(id),
  act: (name, view) => acts.run(name, { view }),
});
const pages = new Pages(config, (changes) => address.look(changes));

/** Looks soon, and again, until the task has ended: most that somebody launches are short. */
function follow(id) {
  for (const pause of SOON) {
    setTimeout(() => {
      const state = rows.get(id)?.state;
      if (!state || config.activeStates.includes(state)) poll.now();
    }, pause);
  }
}

/** What gets the focus when the element that had it is gone. */
function heir() {
  return frontDialog()?.querySelector("[data-close]") ?? rows.link() ?? byId("history");
}

/** The view that is shown, without its dialog. */
let shown = "";
/** The filters that tasks were selected under. */
let selectedIn = "";
const filtersOf = (view) => rowsOf({ ...view, page: 1, size: 0 });
const rowsOf = (view) => JSON.stringify({ ...view, taskId: "" });
const isShown = (view) => shown === rowsOf(view);

/** Marks the table while other rows are being loaded. */
function setBusy(isBusy) {
  setAttr(byId("table-wrap"), "aria-busy", String(isBusy));
}

/** Shows a page of the history, or nothing new if `history` is `null`. */
function show(history) {
  const { view } = address;
  if (history) {
    // The last row of the last page may be gone: show the page that is the last one now.
    if (history.tasks.length === 0 && history.total > 0 && view.page > 1) {
      address.correct(Math.max(1, history.pages));
      return;
    }
    const counts = history.states ?? {};
    states.show(counts, view.states);
    silent.show(history, Boolean(view.silent));
    cause.show(Boolean(view.cause), history.cause);
    tasks.show(history.tasks.map((task) => task.name).filter(Boolean), view.tasks);
    pages.show(history);
    search.tell(history, view);
    acts.show(counts, view);
    const ended = rows.show(history.tasks);
    if (selectedIn !== filtersOf(view)) selection.clear();
    selectedIn = filtersOf(view);
    selection.show(history.tasks.map(({ id }) => id), history.total);
    search.mark(byId("rows"), view.match);
    if (ended.length) announce(ended.map(spoken).join(". "));
    const heading = notices.well(
      history.total > 0 ? "" : address.isFiltered ? "no-match" : "empty",
    );
    if (shown && !isShown(view)) announce(heading || byId("range").textContent);
    shown = rowsOf(view);
  } else {
    notices.well();
  }
  summary.tell(history);
  setBusy(false);
  setText(byId("updated"), fill(strings.updatedAt, { time: clock(now()) }));
  detail.follow(rows.get(view.taskId));
}

function spoken(task) {
  return `${config.names[task.name] ?? task.name}: ${config.states[task.state]}`;
}

async function copyWithSign(text, button) {
  await copy(text);
  const sign = button.querySelector("svg");
  setIcon(sign, "check");
  toast(strings.copied);
  setTimeout(() => setIcon(sign, "copy"), 1500);
}

for (const element of root.querySelectorAll("[data-number]")) {
  setText(element, number(Number(element.textContent)));
}
setText(byId("auto-label"), fill(strings.refreshEvery, { seconds: number(config.refreshInterval) }));
byId("auto").checked = poll.isOn;
byId("auto").addEventListener("change", ({ target }) => {
  localStorage.setItem(AUTO_REFRESH, target.checked ? "on" : "off");
  if (target.checked) poll.start();
  else poll.stop();
});
for (const button of [byId("refresh"), byId("try-now")]) {
  button.addEventListener("click", async () => {
    button.ariaBusy = "true";
    await poll.now();
    button.ariaBusy = "false";
  });
}
byId("clear").addEventListener("click", () => {
  byId("chips").firstElementChild.focus();
  address.look(UNFILTERED);
});
for (const button of root.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyWithSign(button.dataset.copy, button));
}
for (const dialog of root.querySelectorAll("dialog")) {
  let pressed = null;
  dialog.addEventListener("pointerdown", ({ target }) => {
    pressed = target;
  });
  // A click on the dialog element itself is on the backdrop. It does not count if it started in the
  // content, where text was being selected, or if it is the second half of a double click.
  dialog.addEventListener("click", ({ target, detail }) => {
    const isBeside = target === dialog && pressed === dialog && detail < 2;
    if (isBeside || target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => inherit(heir));
}

const launchPanel = byId("launch");
if (launchPanel) {
  const was = localStorage.getItem(LAUNCH_PANEL) ?? (matchMedia(NARROW).matches ? "closed" : "open");
  launchPanel.open = was === "open";
  // The click comes before the panel opens or closes, and only when the reader does it.
  launchPanel.querySelector("summary").addEventListener("click", () => {
    localStorage.setItem(LAUNCH_PANEL, launchPanel.open ? "closed" : "open");
  });
}

setInterval(() => {
  if (document.hidden) return;
  rows.tick();
  summary.tick();
  detail.tick();
}, 1000);

search.show(address.view);
period.show(address.view);
summary.look(address.view);
notices.panel("loading");
poll.now();
detail.show(address.view.taskId);
root.dataset.started = "";
