// The replay on a page of its own, in which workers can be crashed: those runs were made beforehand.

import { Beforehand, bytesOf } from "../browser/beforehand.js";
import { nearestStop } from "../browser/numbers.js";

/** @param {any} widget @param {any} held @param {HTMLElement} place */
export function start(widget, held, place) {
  const labels = held.labels;
  held.state._films = held.state._films.map(bytesOf);
  const model = new Beforehand(held.state);
  model.hear = (content) => {
    if (content.remove !== undefined) {
      labels.splice(content.remove, 1);
      model.set("which", 0);
      model.set("_films", model.get("_films").filter((/** @type {unknown} */ _, /** @type {number} */ row) => row !== content.remove));
      return;
    }
    const { kind, who, at } = content.intervene || {}, mine = held.crashes[who];
    if (!mine || kind !== "crash") {
      model.fire("msg:custom", { notice: "This page only holds crashes of workers. In a notebook you can do more." });
      return;
    }
    const crash = mine[nearestStop(mine.map((/** @type {{ at: number }} */ one) => one.at), at)];
    const known = labels.indexOf(crash.label);
    if (known < 0) {
      labels.push(crash.label);
      model.set("_films", [...model.get("_films"), bytesOf(crash.film)]);
    }
    model.set("t", crash.at);
    model.set("which", known < 0 ? labels.length - 1 : known);
  };
  widget.render({ model, el: place });
}
