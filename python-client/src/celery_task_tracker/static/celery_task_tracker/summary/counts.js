// The numbers of the picture as a table.

import { byId, el } from "../shared/dom.js";
import { summary } from "./chart.js";

export class Counts {
  #shown = "";

  constructor(config) {
    this.config = config;
    this.table = byId("picture-numbers");
  }

  /** Shows the buckets of `picture` that have tasks or marks, the latest first. */
  show(picture) {
    const shown = JSON.stringify(picture);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { states, strings } = this.config;
    const { buckets, marks } = picture;
    const used = Object.keys(states).filter((state) => buckets.some((counts) => counts[state]));
    const heads = [strings.time, ...used.map((state) => states[state]), strings.total];
    if (marks.length) heads.push(strings.marks);
    const rows = buckets
      .map((_, bucket) => summary(picture, { from: bucket, to: bucket }, this.config))
      .filter(({ counts, marks: here }) => counts.length || here.length)
      .reverse()
      .map((row) => {
        const of = (state) => row.counts.find((each) => each.state === state)?.count ?? "";
        const cells = [...used.map(of), row.total];
        if (marks.length) cells.push(row.marks.join(", "));
        return el(
          "tr",
          {},
          el("th", { scope: "row", textContent: row.time }),
          ...cells.map((textContent) => el("td", { textContent })),
        );
      });
    this.table.tHead.replaceChildren(
      el("tr", {}, ...heads.map((textContent) => el("th", { scope: "col", textContent }))),
    );
    this.table.tBodies[0].replaceChildren(...rows);
  }
}
