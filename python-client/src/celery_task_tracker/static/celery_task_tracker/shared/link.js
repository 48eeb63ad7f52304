// Links out of the page.

import { el } from "./dom.js";

/** Shows `links` in `element`, without touching it if they are there already, so that focus stays. */
export function showLinks(element, links) {
  const version = JSON.stringify(links);
  if (element.dataset.links === version) return;
  element.dataset.links = version;
  element.replaceChildren(...links.map(linkTo));
}

/** Opens in a new tab, without a referrer or access to this page. */
function linkTo({ label, url }) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: label });
}
