// The parts that are not drawn: controls, legend with counts, what happens, and what a worker can be made to do.

import { make } from "../browser/elements.js";
import { PLACE, STATE, words } from "./film.js";
import { shapeAsSvg } from "./shapes.js";

const ICONS = {
  first: "M4 3v10M13 3 6 8l7 5Z", back: "M11 3 4 8l7 5Z", play: "M4 2.5 13 8l-9 5.5Z", pause: "M4 3h3v10H4ZM9 3h3v10H9Z",
  next: "M5 3l7 5-7 5Z", last: "M12 3v10M3 3l7 5-7 5Z",
};

export function icon(name) {
  return `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

export const KINDS = {
  crash: { says: "Crash", does: "The process dies; its connection closes.", asks: "for", words: "starts again after (s)", empty: "never" },
  hang: { says: "Hang", does: "Work stands still; the broker notices only by the heartbeat.", asks: "for", words: "for (s)", empty: "ever" },
  slow: { says: "Slow", does: "Work takes three times as long.", asks: "for", words: "for (s)", empty: "ever" },
  restart: { says: "Restart", does: "Stops in order, and starts again.", asks: "for", words: "away for (s)", empty: "0" },
};

// The fault that a choice means, as mqsim's scenarios write it.
/** @param {string} kind
 * @param {string} who
 * @param {number} at
 * @param {string} seconds: what the reader wrote; empty for the usual
 * @param {boolean} replace: whether it takes the place of the scenario's own faults of this actor */
export function faultOf(kind, who, at, seconds, replace = false) {
  const fault = { kind, who, at, more: {}, replace };
  if (kind === "slow") fault.more.factor = 3;
  const field = { crash: "restart_after", hang: "for", slow: "for", restart: "down" }[kind];
  if (seconds !== "") fault.more[field] = Number(seconds);
  return fault;
}

/** What is wrong with the seconds that a reader wrote; empty if nothing is.
 * @param {HTMLInputElement} field */
export function wrongSeconds(field) {
  const fine = !field.validity.badInput && (field.value === "" || Number(field.value) >= 0);
  return fine ? "" : `${field.value || "This"} is not allowed: write 0 or more seconds, or leave the field empty.`;
}

export function buildControls(act) {
  const button = (name, label, keys, id) => make("button", { type: "button", class: "tool", "data-testid": id,
    "aria-label": label, title: `${label} (${keys})`, html: icon(name), onclick: () => act(id) });
  const parts = {
    play: button("play", "Play", "space", "play"),
    clock: make("output", { class: "clock", "data-testid": "clock" }),
    speed: make("select", { "data-testid": "speed", "aria-label": "Speed, simulated seconds a second" }),
  };
  parts.bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Replay" },
    button("first", "To the start", "Home", "first"), button("back", "One event back", "left arrow", "back"),
    parts.play, button("next", "One event on", "right arrow", "next"), button("last", "To the end", "End", "last"),
    parts.clock, make("label", { class: "speed" }, "speed ", parts.speed));
  return parts;
}

const LEGEND = [["ready", STATE.READY, "ready", "waiting in a queue"],
  ["unacknowledged", STATE.UNACKNOWLEDGED, "unacknowledged", "with a consumer, not acknowledged yet"],
  ["redelivered", STATE.REDELIVERED, "redelivered", "deliveries of a message that had been delivered before: how many so far"],
  ["deadLettered", STATE.DEAD_LETTERED, "dead-lettered", "sent on to where dead letters go"],
  ["lost", STATE.LOST, "lost", "gone without being worked to the end, and nobody was told"],
  ["acknowledged", STATE.ACKNOWLEDGED, "acknowledged", "counted as done by the broker"],
  ["gone", STATE.GONE, "gone otherwise", "expired, dropped, rejected, refused, or wanted by no queue"]];

export function buildLegend(film) {
  const counts = {}, list = make("ul", { class: "legend", "aria-label": "States, and how many messages" });
  for (const [key, state, label, says] of LEGEND) {
    if (state === STATE.GONE && !film.ever.has(PLACE.GONE)) continue;
    counts[key] = make("b", {}, "0");
    list.append(make("li", { title: says, "data-testid": `count-${key}` }, make("span", { html: shapeAsSvg(state) }),
      ` ${label} `, counts[key]));
  }
  return { list, counts };
}

// Some lines of the story, the current one in their midst.
export function showStory(list, film, stepsShown, current, onpick) {
  list.replaceChildren(...stepsShown.map((step) => {
    const [who, text] = words(film, step);
    const now = step === current, ahead = step > current;
    return make("li", { class: now ? "now" : ahead ? "ahead" : "", "data-step": step, "aria-current": now ? "step" : false,
      onclick: () => onpick(step) },
    make("span", { class: "t" }, timeWords(film, film.step_t[step])), make("span", { class: "who" }, who), make("span", {}, text));
  }));
}

export function timeWords(film, t) {
  const span = film.end - film.start;
  return `${t.toFixed(span < 0.1 ? 6 : span < 2000 ? 3 : 1)} s`;
}

const NUMBERS = [["done", "worked to the end"], ["lost", "lost"], ["redelivered", "sent again"], ["dead_lettered", "dead-lettered"],
  ["gone", "gone otherwise"], ["open", "not finished at the end"]];

/** @param {import("./types").Film[]} films
 * @param {{ count: number, means: (number | null)[] }} same: over the messages that every future finished */
export function compareTable(films, same) {
  const shown = NUMBERS.filter(([key]) => ["done", "lost", "redelivered"].includes(key)
    || films.some((film) => film.numbers[key]));
  const cell = (value) => value === null ? "none" : Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(3);
  const head = make("tr", {}, make("th", { scope: "col" }, "at the end"), ...films.map((film) => make("th", { scope: "col" }, film.label)));
  const rows = shown.map(([key, label]) => make("tr", { "data-number": key }, make("th", { scope: "row" }, label),
    ...films.map((film) => make("td", {}, cell(film.numbers[key])))));
  if (same && same.means.length === films.length) {
    const label = `mean sojourn of the ${same.count.toLocaleString("en")} messages that are done in each (s)`;
    rows.push(make("tr", { "data-number": "same" }, make("th", { scope: "row" }, label), ...same.means.map((one) => make("td", {}, cell(one)))));
  }
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}
