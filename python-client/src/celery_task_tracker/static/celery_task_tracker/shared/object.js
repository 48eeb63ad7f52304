// The object that a task of the overview is for, as a link to that object's own page.

import { el, setAttr, setProp, setText } from "./dom.js";

export class ObjectLink {
  constructor(strings) {
    this.strings = strings;
    this.link = el("a", { dir: "auto" });
    this.none = el("span", { className: "tt-quiet", textContent: "–", title: strings.noObject });
    this.element = el("span", {}, this.link, this.none);
  }

  /** `object` has a `name` and a `url`, or `null` for one that does not exist or that the reader may not see. */
  update(object) {
    setProp(this.link, "hidden", !object);
    setProp(this.none, "hidden", Boolean(object));
    setText(this.link, object?.name ?? "");
    if (object?.url) setAttr(this.link, "href", object.url);
    else this.link.removeAttribute("href");
  }
}
