// Short messages, for readers and for screen readers.

import { button, byId, el, frontDialog, icon } from "./dom.js";

/** Milliseconds for which a message stays, longer if it is an error or has a button. */
const TOAST_STAYS = 5000;
const OFFER_STAYS = 10_000;

let timer;

/** Shows `text` for a while. `offer`, `{text, run}`, adds a button. */
export function toast(text, { isError = false, offer = null } = {}) {
  const element = byId("toast");
  const hide = () => element.classList.remove("tt-shown");
  const hideUnlessUsed = () => {
    if (!element.matches(":hover, :focus-within")) hide();
    else timer = setTimeout(hideUnlessUsed, TOAST_STAYS);
  };
  clearTimeout(timer);
  const place = frontDialog() ?? byId("toast-place");
  if (element.parentElement !== place) place.append(element);
  element.replaceChildren(
    icon(isError ? "warning" : "check"),
    el("span", { textContent: text }),
    ...(offer
      ? [
          button({
            sign: "details",
            text: offer.text,
            className: "tt-button tt-small",
            onclick: () => {
              hide();
              offer.run();
            },
          }),
        ]
      : []),
  );
  element.classList.toggle("tt-toast-error", isError);
  element.classList.add("tt-shown");
  timer = setTimeout(hideUnlessUsed, offer || isError ? OFFER_STAYS : TOAST_STAYS);
}

/** Has a screen reader say `text`. It is removed from the page afterwards. */
export function announce(text) {
  const place = byId("announcer");
  place.append(el("span", { textContent: text }));
  setTimeout(() => place.firstElementChild.remove(), TOAST_STAYS);
}
