// Asks before something that cannot be undone.

import { byId, once } from "../shared/dom.js";

const dialog = byId("confirm");

/** Asks, and resolves to whether the reader agreed. `action` is the text of the button. */
export function confirmed({ title, text, detail, action }) {
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-detail").textContent = detail;
  byId("confirm-detail").hidden = !detail;
  byId("confirm-action").lastElementChild.textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// The second half of the double click that opened the dialog is no answer.
byId("confirm-action").addEventListener("click", once(() => dialog.close("yes")));
