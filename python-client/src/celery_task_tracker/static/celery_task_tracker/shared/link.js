// Links: to tasks of this page, and out of it.

import { el } from "./dom.js";

/** Shows `links` in `element`, without touching it if they are there already, so that focus stays. */
export function showLinks(element, links) {
  const version = JSON.stringify(links);
  if (element.dataset.links === version) return;
  element.dataset.links = version;
  element.replaceChildren(...links.map(linkTo));
}

/** Makes `link` lead to `href`, and a plain click run `open()` instead. */
export function opens(link, href, open) {
  link.href = href;
  link.addEventListener("click", (event) => {
    // With a modifier key the browser opens the link in a new tab or window.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
}

/** Opens in a new tab, without a referrer or access to this page. */
function linkTo({ label, url }) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: label });
}
