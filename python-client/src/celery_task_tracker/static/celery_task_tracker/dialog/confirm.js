// Asking before something is done that cannot be undone.

import { byId, once } from "../shared/dom.js";

const dialog = byId("confirm");

/** Asks, and resolves to whether the reader agreed. `action` is what the button says. */
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

// The second half of a double click on what led here is no answer.
byId("confirm-action").addEventListener("click", once(() => dialog.close("yes")));
