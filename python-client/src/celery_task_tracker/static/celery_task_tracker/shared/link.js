// A link out of the page.

import { el } from "./dom.js";

/** Opens in a tab of its own, which learns nothing of this page. */
export function linkTo({ label, url }) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: label });
}
