// A prediction on a page of its own: the answer is in the page, and shown once there is a guess.

import { Beforehand } from "../browser/beforehand.js";

/** @param {any} widget @param {any} held @param {HTMLElement} place */
export function start(widget, held, place) {
  const model = new Beforehand(held.state);
  model.answer = () => {
    const guess = model.get("held");
    if (guess === null || model.get("answer")) return;
    const said = held.told ? held.told[guess] : `You said ${`${guess} ${held.state.unit}`.trim()}; it is ${held.answer}. ${held.because}`;
    model.set("answer", said.trim());
  };
  widget.render({ model, el: place });
}
