// The explorer on a page of its own: each position of its controls was run beforehand.

import { Beforehand, bytesOf } from "../browser/beforehand.js";
import { nearestStop } from "../browser/numbers.js";

/** @param {any} widget @param {any} held @param {HTMLElement} place */
export function start(widget, held, place) {
  for (const run of held.runs) if (run.shown) run.shown.drawn = bytesOf(run.shown.drawn);
  const model = new Beforehand(held.state);
  model.answer = () => {
    const { turn, values } = model.get("wish");
    let at = 0;
    for (const { name, stops } of held.controls) at = at * stops.length + nearestStop(stops, values[name]);
    const run = held.runs[at];
    model.set("said", { ...run.said, turn });
    if (run.shown) model.set("shown", { ...run.shown, turn });
  };
  model.answer();
  widget.render({ model, el: place });
}
