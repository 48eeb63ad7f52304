// Asks before something that cannot be undone.

import { byId, el, once, setIcon } from "../shared/dom.js";

const dialog = byId("confirm");

/** Asks, and resolves to whether the reader agreed. `action` and `sign` are the button's text and icon. */
export function confirmed({ title, text, detail = "", notes = [], action, sign = "stop" }) {
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-detail").textContent = detail;
  byId("confirm-detail").hidden = !detail;
  byId("confirm-notes").replaceChildren(
    ...notes.map((note) => el("li", { dir: "auto", textContent: note })),
  );
  byId("confirm-action").lastElementChild.textContent = action;
  setIcon(byId("confirm-action").firstElementChild, sign);
  byId("confirm-action").classList.toggle("tt-danger", !["RETRY", "play"].includes(sign));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// The second half of the double click that opened the dialog is no answer.
byId("confirm-action").addEventListener("click", once(() => dialog.close("yes")));
