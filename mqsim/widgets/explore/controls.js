// Controls: a slider with named stops, a choice, a switch for a fault. Each gives its element and shows a value.

import { make } from "../browser/elements.js";
import { fourDigits, nearestStop } from "../browser/numbers.js";

let controlCount = 0;

function slider(control, id, turned) {
  const range = make("input", { type: "range", id, min: 0, max: control.stops.length - 1, step: 1, "data-name": control.name });
  const says = make("output", { for: id });
  const tell = (words) => {
    says.textContent = words;
    range.setAttribute("aria-valuetext", words);
  };
  range.addEventListener("input", () => {
    tell(control.says[range.value]);
    turned(control.stops[range.value]);
  });
  const show = (value) => {
    const stop = nearestStop(control.stops, value);
    range.value = String(stop);
    tell(control.stops[stop] === value ? control.says[stop] : `${fourDigits(value)}${control.unit}`);
  };
  const element = make("div", { class: "control" }, make("label", { for: id }, control.label), says, range);
  return { element, show };
}

function choice(control, id, turned) {
  const options = control.says.map((words, k) => make("option", { value: k }, words));
  const select = make("select", { id, "data-name": control.name, onchange: () => turned(Number(select.value)) }, ...options);
  const element = make("div", { class: "control" }, make("label", { for: id }, control.label), select);
  return { element, show: (place) => { select.value = place; } };
}

function switching(control, id, turned) {
  const box = make("input", { type: "checkbox", id, "data-name": control.name });
  const says = make("output", { for: id });
  const row = make("label", { class: "switch", for: id }, box, control.label);
  const element = make("div", { class: "control" }, row, says);
  let range = null;
  const time = () => (range ? control.stops[range.value] : control.usual);
  const tell = () => {
    const when = range ? control.says[range.value] : "";
    says.textContent = [when, control.after].filter(Boolean).join(", ");
    if (range) {
      range.disabled = !box.checked;
      range.setAttribute("aria-valuetext", when);
    }
    says.classList.toggle("off", !box.checked);
  };
  const send = () => { tell(); turned(box.checked ? time() : null); };
  if (control.stops.length > 1) {
    range = make("input", {
      type: "range", min: 0, max: control.stops.length - 1, step: 1, oninput: send,
      "aria-label": `when: ${control.label}`, "data-name": `${control.name} at`,
    });
    range.value = String(nearestStop(control.stops, control.usual));
    element.append(range);
  }
  box.addEventListener("change", send);
  const show = (value) => {
    box.checked = value !== null;
    if (range && value !== null) range.value = String(nearestStop(control.stops, value));
    tell();
  };
  return { element, show };
}

export function makeControl(control, turned) {
  controlCount += 1;
  const id = `mq-explore-${controlCount}`;
  return { slider, choice, switch: switching }[control.kind](control, id, turned);
}
