// Runs a finished task again: with the arguments that it had, or with edited ones.

import { byId, el, once, setProp, setText } from "../shared/dom.js";
import { fill, pretty } from "../shared/format.js";
import { toast } from "../shared/toast.js";

export class RerunDialog {
  #record = null;
  #given = {};

  /** `open(id)` opens the dialog of the new task, `refresh()` loads the history again,
   * `follow(id)` looks soon what has become of it. */
  constructor(api, config, { open, refresh, follow }) {
    Object.assign(this, { api, config, open, refresh, follow });
    this.dialog = byId("rerun");
    if (!this.dialog) return;
    this.inputs = { args: byId("rerun-args"), kwargs: byId("rerun-kwargs") };
    this.error = byId("rerun-error");
    this.launch = byId("rerun-launch");
    this.action = byId("rerun-action");
    this.action.addEventListener("click", once(() => this.#run()));
    this.launch.addEventListener("click", once(() => {
      this.dialog.close();
      this.#launcher.click();
    }));
  }

  /** Shows the arguments of `record`, or why it cannot be run again as it was. */
  show(record) {
    const { strings, names } = this.config;
    this.#record = record;
    const isExact = Boolean(record.replayable) && !record.args_bytes && !record.kwargs_bytes;
    setText(byId("rerun-title"), fill(strings.rerunTitle, { name: names[record.name] ?? record.name }));
    setText(byId("rerun-text"), isExact ? strings.rerunText : strings.rerunNotExact);
    setProp(byId("rerun-arguments"), "hidden", !isExact);
    setProp(this.action, "hidden", !isExact);
    setProp(this.launch, "hidden", isExact || !this.#launcher);
    this.#tell("");
    for (const [name, input] of Object.entries(this.inputs)) {
      input.value = pretty(record[name] ?? (name === "args" ? [] : {}));
      this.#given[name] = input.value;
    }
    this.dialog.showModal();
  }

  /** The button that launches the task with its registered arguments, if there is one. */
  get #launcher() {
    return [...document.querySelectorAll("#task-tracker [data-launch]")].find(
      ({ dataset }) => dataset.launch === this.#record.name,
    );
  }

  async #run() {
    if (this.action.ariaBusy === "true") return;
    this.action.ariaBusy = "true";
    const { strings } = this.config;
    const edited = {};
    for (const [name, input] of Object.entries(this.inputs)) {
      if (input.value !== this.#given[name]) edited[name] = input.value;
    }
    try {
      const { id, label } = await this.api.rerun(this.#record.id, edited);
      this.dialog.close();
      toast(fill(strings.launched, { name: label }), {
        offer: { text: strings.details, run: () => this.open(id) },
      });
      this.follow(id);
      await this.refresh();
    } catch (error) {
      this.#tell([error.message, error.hint].filter(Boolean).join(" "));
    } finally {
      this.action.ariaBusy = "false";
    }
  }

  /** Says why it was not run. What has been edited stays. */
  #tell(message) {
    this.error.replaceChildren(...(message ? [el("span", { textContent: message })] : []));
    setProp(this.error, "hidden", !message);
  }
}
