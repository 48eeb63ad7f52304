// Failures grouped by their cause: each group is a filter, and can be run again or removed as a whole.

import { arrange, button, byId, el, once, setAttr, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";
import { Time } from "../shared/time.js";

/** How many causes are shown at first. */
const FEW = 5;

export class Causes {
  #lines = new Map();
  #isWhole = false;

  /** `load()` fetches, `choose(key)` filters by a cause or by none, `act(name, key)` acts on one. */
  constructor(config, { load, choose, act }) {
    this.config = config;
    this.load = load;
    this.actions = { choose, act };
    this.list = byId("causes-list");
    this.none = byId("causes-none");
    this.part = byId("causes-part");
    this.rest = byId("causes-rest");
    this.rest.addEventListener("click", () => {
      this.#isWhole = true;
      this.#show();
      this.list.children[FEW]?.querySelector("button").focus();
    });
  }

  /** Fetches the causes again. */
  async refresh() {
    this.answer = await this.load();
    this.#show();
  }

  /** Shows which cause is filtered by. */
  press(key) {
    this.pressed = key;
    for (const line of this.#lines.values()) line.press(key);
  }

  /** Updates what depends on the current time. */
  tick() {
    for (const line of this.#lines.values()) line.tick();
  }

  #show() {
    const { causes, examined, total } = this.answer;
    const { strings } = this.config;
    const shown = this.#isWhole ? causes : causes.slice(0, FEW);
    const lines = new Map();
    for (const cause of shown) {
      const line = this.#lines.get(cause.key) ?? new Line(cause.key, this.config, this.actions);
      line.update(cause);
      line.press(this.pressed);
      lines.set(cause.key, line);
    }
    this.#lines = lines;
    arrange(this.list, [...lines.values()].map(({ element }) => element));
    setProp(this.none, "hidden", causes.length > 0);
    setProp(this.rest, "hidden", shown.length === causes.length);
    setText(this.rest, fill(strings.causesRest, { n: number(causes.length - shown.length) }));
    setProp(this.part, "hidden", examined === total);
    setText(this.part, fill(strings.causesPart, { examined: number(examined), total: number(total) }));
  }
}

class Line {
  constructor(key, config, { choose, act }) {
    const { strings, canChange, rerunnable } = config;
    this.config = config;
    this.strings = strings;
    this.count = el("span", { className: "tt-cause-count" });
    this.exception = el("strong");
    this.message = el("span", { className: "tt-cause-message" });
    this.filter = el(
      "button",
      {
        type: "button",
        className: "tt-cause-filter",
        "data-key": key,
        onclick: () => choose(this.filter.getAttribute("aria-pressed") === "true" ? "" : key),
      },
      this.count,
      el("span", { className: "tt-cause-what", dir: "auto" }, this.exception, " ", this.message),
    );
    this.names = el("span", { className: "tt-clip", dir: "auto" });
    this.objects = el("span", { className: "tt-sub tt-cause-objects", dir: "auto", hidden: true });
    this.first = new Time();
    this.last = new Time();
    this.dash = el("span", { "aria-hidden": "true", textContent: "–" });
    const acts = [
      ...(rerunnable.length ? [this.#act("rerun", "RETRY", "tt-go", act, key)] : []),
      ...(canChange ? [this.#act("remove", "remove", "tt-danger", act, key)] : []),
    ];
    this.element = el(
      "li",
      { className: "tt-cause" },
      this.filter,
      el(
        "span",
        { className: "tt-sub tt-cause-when" },
        el("span", { className: "tt-line" }, this.first.element, this.dash, this.last.element),
        this.names,
      ),
      this.objects,
      el("span", { className: "tt-cause-acts" }, ...acts),
    );
  }

  update({ exception, message, count, first, last, names, objects }) {
    setText(this.count, number(count));
    setText(this.exception, exception || this.strings.error);
    setText(this.message, message);
    setProp(this.filter, "title", [exception, message].filter(Boolean).join(": "));
    this.first.update(first);
    this.last.update(last);
    setProp(this.first.element, "hidden", first === last);
    setProp(this.dash, "hidden", first === last);
    setText(this.names, names.map((name) => this.config.names[name] ?? name).join(", "));
    setProp(this.names, "title", this.names.textContent);
    this.#showObjects(objects);
    for (const each of this.element.querySelectorAll("[data-act]")) {
      const values = { exception: exception || this.strings.error, n: number(count) };
      setAttr(each, "aria-label", fill(this.strings[`${each.dataset.act}Cause`], values));
    }
  }

  /** Links to the objects that failed last, and how many more there are; nothing on an object's page. */
  #showObjects({ count, last } = { count: 0, last: [] }) {
    const shown = JSON.stringify([count, last]);
    setProp(this.objects, "hidden", count === 0);
    // Without touching what is there already, so that focus stays.
    if (this.objects.dataset.shown === shown) return;
    this.objects.dataset.shown = shown;
    const links = last.map(({ name, url }) => el(url ? "a" : "span", { textContent: name, ...(url && { href: url }) }));
    const more = count - last.length;
    if (more) links.push(el("span", { textContent: fill(this.strings.andMore, { n: number(more) }) }));
    this.objects.replaceChildren(...links);
  }

  press(key) {
    setAttr(this.filter, "aria-pressed", String(this.filter.dataset.key === key));
  }

  tick() {
    this.first.tick();
    this.last.tick();
  }

  #act(name, sign, className, act, key) {
    return button({
      sign,
      className: `tt-button tt-small ${className}`,
      "data-act": name,
      title: this.config.strings[name],
      onclick: once(() => act(name, key)),
    });
  }
}
