// Keeps the progress of tasks up to date: each element that {% task_tracker_progress %} renders asks
// the server until its task has ended. It needs no other script, and no style or script of a page.
//
// Events of the element, which bubble, with the server's answer in `detail`:
//   task-tracker:progress  after each answer
//   task-tracker:ended     once the task has ended
// Listened to:
//   task-tracker:watch     begins anew, for an element that was added or whose task is sent again

(() => {
  const LONGEST_PAUSE = 60; // seconds

  /** Shows an answer. The label stays, unless the element has none yet. */
  function show(element, answer) {
    const part = (name) => element.querySelector(`.task-tracker-progress-${name}`);
    const bar = element.querySelector("progress");
    const change = (target, text) => {
      // What did not change is not announced again.
      if (target && target.textContent !== text) target.textContent = text;
    };
    element.hidden = !answer.state;
    element.dataset.state = answer.state;
    element.toggleAttribute("data-ended", answer.ended);
    if (part("task") && !part("task").textContent.trim()) {
      change(part("task"), answer.task);
      bar?.setAttribute("aria-label", answer.task);
    }
    change(part("state"), answer.text);
    if (!bar) return;
    bar.hidden = answer.state !== "STARTED";
    if (answer.total > 0 && answer.current !== null) {
      bar.max = answer.total;
      bar.value = answer.current;
    } else {
      bar.removeAttribute("value");
    }
  }

  const tell = (element, what, detail) =>
    element.dispatchEvent(new CustomEvent(`task-tracker:${what}`, { bubbles: true, detail }));

  /** Asks once. Returns the server's answer, "refused" where asking again is useless, or "away". */
  async function ask(url) {
    try {
      const response = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" } });
      if (response.ok && !response.redirected) return await response.json();
      // A redirect leads to a login.
      return response.status >= 500 || response.status === 429 ? "away" : "refused";
    } catch {
      return "away";
    }
  }

  const visible = () =>
    new Promise((resolve) => {
      const check = () => {
        if (document.hidden) return;
        document.removeEventListener("visibilitychange", check);
        resolve();
      };
      document.addEventListener("visibilitychange", check);
      check();
    });

  const watched = new Map();

  async function watch(element) {
    const turn = {};
    watched.set(element, turn);
    const interval = Number(element.dataset.interval) || 5;
    let pause = interval;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
      await visible();
      const isCurrent = () => element.isConnected && watched.get(element) === turn;
      if (!isCurrent()) break;
      const answer = await ask(element.dataset.taskTrackerProgress);
      if (!isCurrent() || answer === "refused") break;
      if (answer === "away") {
        pause = Math.max(interval, Math.min(pause * 2, LONGEST_PAUSE));
        continue;
      }
      pause = interval;
      show(element, answer);
      tell(element, "progress", answer);
      if (answer.ended) {
        tell(element, "ended", answer);
        break;
      }
    }
    if (watched.get(element) === turn) watched.delete(element);
  }

  document.addEventListener("task-tracker:watch", (event) => {
    if (event.target.dataset?.taskTrackerProgress) watch(event.target);
  });

  const begin = () => document.querySelectorAll("[data-task-tracker-progress]:not([data-ended])").forEach(watch);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
