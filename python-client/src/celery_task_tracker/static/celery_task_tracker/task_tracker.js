// The dashboard of one object: polls its tasks, and wires filters, paging, launching and revoking.

import { Api } from "./api.js";
import { Detail } from "./detail.js";
import { arrange, copy, el, icon, setIcon, setText } from "./dom.js";
import { clock, fill, number } from "./format.js";
import { Rows } from "./rows.js";

const AUTO_REFRESH_KEY = "celery_task_tracker.auto_refresh";
const TOAST_SECONDS = 5;
// The longest pause between two tries while the server cannot be reached.
const LONGEST_PAUSE_SECONDS = 30;

const root = document.getElementById("task-tracker");
const byId = (id) => document.getElementById(`tt-${id}`);
const config = JSON.parse(document.getElementById("task-tracker-config").textContent);
const { strings } = config;
const api = new Api(config.urls, root.querySelector("[name=csrfmiddlewaretoken]").value, strings);

// ---- What the reader looks at: it lives in the address, so that a link shows the same ----------

const address = new URL(window.location.href);
const view = {
  states: new Set(address.searchParams.getAll("state").filter((state) => state in config.states)),
  task: address.searchParams.get("task") ?? "",
  page: Math.max(1, Number.parseInt(address.searchParams.get("page") ?? "1", 10) || 1),
};

function look(changes) {
  Object.assign(view, { page: 1 }, changes);
  for (const name of ["state", "task", "page"]) address.searchParams.delete(name);
  for (const state of view.states) address.searchParams.append("state", state);
  if (view.task) address.searchParams.set("task", view.task);
  if (view.page > 1) address.searchParams.set("page", view.page);
  window.history.replaceState(null, "", address);
  refresh();
}

// ---- Fetching -----------------------------------------------------------------------------------

let latest = 0;
let timer;
let failures = 0;
let shown = false;

/** Fetches the rows and shows them. An answer that a later question has overtaken is dropped. */
async function refresh() {
  const turn = ++latest;
  clearTimeout(timer);
  byId("refresh").classList.add("tt-busy");
  try {
    const history = await api.list({ ...view, states: [...view.states] });
    if (turn !== latest) return;
    failures = 0;
    show(history);
  } catch (error) {
    if (turn !== latest) return;
    failures += 1;
    showFailure(error);
  } finally {
    if (turn === latest) {
      byId("refresh").classList.remove("tt-busy");
      schedule();
    }
  }
}

function schedule() {
  clearTimeout(timer);
  if (!byId("auto").checked || document.hidden) return;
  const pause = Math.max(
    config.refreshInterval,
    Math.min(config.refreshInterval * 2 ** Math.max(0, failures - 2), LONGEST_PAUSE_SECONDS),
  );
  timer = setTimeout(refresh, pause * 1000);
}

// ---- Showing ------------------------------------------------------------------------------------

const rows = new Rows(byId("rows"), config, {
  details: (task) => detail.open(task),
  revoke: confirmRevoke,
  copy: copyWithSign,
});
const detail = new Detail(byId("detail"), config, {
  load: (id) => api.task(id),
  copy: copyWithSign,
});

/** One of the panels that can stand in the place of the table, or none. */
function panel(name) {
  for (const id of ["loading", "empty", "no-match", "unreachable", "module-missing"]) {
    byId(id).hidden = id !== name;
  }
  byId("table-wrap").hidden = Boolean(name);
  byId("filters").hidden = Boolean(name) && name !== "no-match";
}

function show(history) {
  // The last row of the last page may have gone: show the page that is the last one now.
  if (history.tasks.length === 0 && history.total > 0 && view.page > 1) {
    look({ page: Math.max(1, history.pages) });
    return;
  }
  shown = true;
  byId("banner").hidden = true;
  showChips(history.states ?? {});
  showTaskFilter(history.tasks);
  rows.show(history.tasks);
  const filtered = view.states.size > 0 || view.task;
  panel(history.total > 0 ? null : filtered ? "no-match" : "empty");
  showPages(history);
  setText(byId("updated"), fill(strings.updatedAt, { time: clock(new Date()) }));
  detail.follow(history.tasks);
}

function showFailure(error) {
  const known = { unreachable: "unreachable", "module-missing": "module-missing" }[error.code];
  if (known && (!shown || known === "module-missing")) {
    const hint = byId(known).querySelector("[data-hint]");
    if (hint) setText(hint, error.hint);
    byId("banner").hidden = true;
    byId("pages").hidden = true;
    panel(known);
    return;
  }
  setText(byId("banner-message"), error.message);
  setText(byId("banner-hint"), error.hint);
  byId("banner").hidden = false;
  if (!shown) panel(null);
}

const chips = new Map();

function showChips(counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const wanted = [["", total]];
  for (const state of Object.keys(config.states)) {
    if (counts[state] || view.states.has(state)) wanted.push([state, counts[state] ?? 0]);
  }
  arrange(
    byId("chips"),
    wanted.map(([state, count]) => {
      if (!chips.has(state)) chips.set(state, chip(state));
      const { element, counter } = chips.get(state);
      setText(counter, number(count));
      const pressed = state ? view.states.has(state) : view.states.size === 0;
      element.setAttribute("aria-pressed", String(pressed));
      return element;
    }),
  );
}

function chip(state) {
  const counter = el("span", { className: "tt-count" });
  const element = el(
    "button",
    {
      type: "button",
      className: "tt-chip",
      "data-state": state,
      onclick: () => {
        const states = new Set(view.states);
        if (!state) states.clear();
        else if (!states.delete(state)) states.add(state);
        look({ states });
      },
    },
    state ? icon(state) : null,
    el("span", { textContent: state ? config.states[state] : strings.all }),
    counter,
  );
  return { element, counter };
}

const taskFilter = byId("task-filter");

function showTaskFilter(tasks) {
  const known = new Set([...taskFilter.options].map((option) => option.value));
  const names = [...Object.keys(config.names), ...tasks.map((task) => task.name), view.task];
  for (const name of names) {
    if (name && !known.has(name)) {
      known.add(name);
      taskFilter.append(
        el("option", { value: name, textContent: config.names[name] ?? name, title: name }),
      );
    }
  }
  if (taskFilter.value !== view.task) taskFilter.value = view.task;
}

function showPages({ total, page, size, pages, tasks }) {
  byId("pages").hidden = total === 0;
  const first = (page - 1) * size + 1;
  setText(
    byId("range"),
    fill(strings.rangeOf, {
      first: number(first),
      last: number(first + tasks.length - 1),
      total: number(total),
    }),
  );
  byId("steps").hidden = pages <= 1;
  byId("previous-page").disabled = page <= 1;
  byId("next-page").disabled = page >= pages;
}

// ---- Doing --------------------------------------------------------------------------------------

let toastTimer;

function toast(text, isError = false) {
  clearTimeout(toastTimer);
  const element = byId("toast");
  element.replaceChildren(icon(isError ? "warning" : "check"), el("span", { textContent: text }));
  element.classList.toggle("tt-toast-error", isError);
  element.classList.add("tt-shown");
  toastTimer = setTimeout(() => element.classList.remove("tt-shown"), TOAST_SECONDS * 1000);
}

function complain(error) {
  const message = [error.message, error.hint].filter(Boolean).join(" ");
  toast(fill(strings.failed, { message }), true);
}

async function launch(button) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    const { label } = await api.launch(button.dataset.launch);
    toast(fill(strings.launched, { name: label }));
    await refresh();
  } catch (error) {
    complain(error);
  } finally {
    button.ariaBusy = "false";
  }
}

let toRevoke;

function confirmRevoke(task) {
  toRevoke = task;
  const name = config.names[task.name] ?? task.name;
  const running = task.state === "STARTED";
  byId("confirm-text").textContent = fill(
    running ? strings.revokeRunning : strings.revokeWaiting,
    { name },
  );
  byId("confirm-id").textContent = task.id;
  byId("confirm").showModal();
}

async function revoke() {
  const task = toRevoke;
  byId("confirm").close();
  try {
    await api.revoke(task.id);
    toast(fill(strings.revokeSent, { name: config.names[task.name] ?? task.name }));
  } catch (error) {
    complain(error);
  }
  await refresh();
}

async function copyWithSign(text, button) {
  await copy(text);
  const sign = button.querySelector("svg");
  setIcon(sign, "check");
  toast(strings.copied);
  setTimeout(() => setIcon(sign, "copy"), 1500);
}

// ---- Wiring -------------------------------------------------------------------------------------

byId("refresh").addEventListener("click", refresh);
byId("previous-page").addEventListener("click", () => look({ page: view.page - 1 }));
byId("next-page").addEventListener("click", () => look({ page: view.page + 1 }));
byId("clear").addEventListener("click", () => look({ states: new Set(), task: "" }));
byId("confirm-revoke").addEventListener("click", revoke);
taskFilter.addEventListener("change", () => look({ task: taskFilter.value }));

byId("auto").checked = window.localStorage.getItem(AUTO_REFRESH_KEY) !== "off";
byId("auto").addEventListener("change", ({ target }) => {
  window.localStorage.setItem(AUTO_REFRESH_KEY, target.checked ? "on" : "off");
  if (target.checked) refresh();
  else schedule();
});

for (const button of root.querySelectorAll("[data-launch]")) {
  button.addEventListener("click", () => launch(button));
}
for (const button of root.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyWithSign(button.dataset.copy, button));
}
for (const dialog of root.querySelectorAll("dialog")) {
  // A click on the dialog element itself is one beside its content: on the backdrop.
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (byId("auto").checked) refresh();
});
setInterval(() => rows.tick(), 1000);

panel("loading");
refresh();
