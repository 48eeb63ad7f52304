// Shows how far an action on several tasks is, with a button to stop it.

import { byId, setText } from "../shared/dom.js";
import { number } from "../shared/format.js";

const dialog = byId("working");

export class Working {
  /** Whether the reader wants no more of it. */
  isStopped = false;

  constructor(title, total) {
    this.total = total;
    setText(byId("working-title"), title);
    this.count = 0;
    this.add(0);
    dialog.addEventListener("close", () => (this.isStopped = true), { once: true });
    dialog.showModal();
  }

  /** Shows that so many more are done. */
  add(count) {
    this.count += count;
    byId("working-progress").value = this.count / this.total;
    setText(byId("working-count"), `${number(this.count)} / ${number(this.total)}`);
  }

  /** Closes the dialog. If the reader has stopped this, it may show something else by now. */
  close() {
    if (!this.isStopped) dialog.close();
  }
}
