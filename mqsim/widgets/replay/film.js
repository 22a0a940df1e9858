// A film, unpacked: names, columns, and the legs of every copy linked to a chain. See film.py for the layout.

import { sixDigits } from "../browser/numbers.js";

export const PLACE = { PRODUCER: 0, EXCHANGE: 1, QUEUE: 2, HELD: 3, AT_WORK: 4, DONE: 5, LOST: 6, DEAD: 7, GONE: 8 };
export const STATE = { READY: 0, UNACKNOWLEDGED: 1, REDELIVERED: 2, DEAD_LETTERED: 3, LOST: 4, ACKNOWLEDGED: 5, GONE: 6 };
export const STATUS = { ABSENT: 0, UP: 1, CRASHED: 2, NO_POWER: 3, HANGS: 4, SLOW: 5, STOPPED: 6, ENDED: 7, NOT_CONNECTED: 8,
  BLOCKED: 9, CUT_OFF: 10 };
const WHAT = { CREATED: 0, PUBLISHED: 1, ENQUEUED: 2, SENT: 3, STARTED: 4, FINISHED: 5, ENDED: 6, EVENT: 7, ACKED: 8 };
const COUNTED = { BY_ACK: 0, WHEN_SENT: 1, EARLY: 2 };
const HOW = { OPEN: 0, ACKED: 1, REQUEUED: 2, REJECTED: 3, RETURNED: 4, LOST: 5 };
const ARRAYS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };

/** @import { Film } from "./types" */

/** @returns {Promise<Film>} */
export async function openFilm(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = await new Response(stream).arrayBuffer();
  const length = new DataView(raw).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 4, length)));
  const first = Math.ceil((4 + length) / 8) * 8;
  const film = { ...header };
  for (const [name, one] of Object.entries(header.columns)) {
    film[name] = new ARRAYS[one.type](raw, first + one.start, one.length);
  }
  film.steps = film.step_t.length;
  film.copies = film.message_number.length;
  link(film);
  return film;
}

// Chain the legs, and find each copy's place in its queue: by priority, then by when it first came.
/** @param {Film} film */
function link(film) {
  const legs = film.leg_copy.length;
  const latest = new Int32Array(film.copies).fill(-1);
  film.before = new Int32Array(legs);
  film.rank = new Float64Array(film.copies).fill(-1);
  film.firstLeg = new Int32Array(film.steps + 1);
  film.firstChange = new Int32Array(film.steps + 1);
  film.longest = 0;
  film.used = new Set();
  film.ever = new Set();
  film.served = new Map();     // consumer -> queues it was sent messages from
  film.takes = new Map();      // producer -> exchanges
  film.feeds = new Map();      // exchange -> queues
  film.publishes = new Uint8Array(legs);     // of the copies of one publish, the first leg to an exchange
  const lastSent = new Map();                // producer -> number and time of its last publish
  const pair = (map, from, to) => { if (!map.has(from)) map.set(from, new Set()); map.get(from).add(to); };
  for (let leg = 0; leg < legs; leg++) {
    const copy = film.leg_copy[leg], place = film.leg_place[leg], at = film.leg_at[leg];
    film.before[leg] = latest[copy];
    latest[copy] = leg;
    film.firstLeg[film.leg_step[leg] + 1]++;
    film.longest = Math.max(film.longest, film.leg_travel[leg]);
    film.ever.add(place);
    if (place === PLACE.EXCHANGE) {
      film.used.add(at);
      const sender = film.message_producer[copy], what = `${film.message_number[copy]} ${film.step_t[film.leg_step[leg]]}`;
      film.publishes[leg] = Number(lastSent.get(sender) !== what);
      lastSent.set(sender, what);
      pair(film.takes, film.message_producer[copy], at);
      if (film.message_queue[copy] >= 0) pair(film.feeds, at, film.message_queue[copy]);
    }
    if (place === PLACE.QUEUE && film.rank[copy] < 0) film.rank[copy] = leg;
    if (place === PLACE.HELD) pair(film.served, at, film.message_queue[copy]);
  }
  for (let copy = 0; copy < film.copies; copy++) film.rank[copy] -= film.message_priority[copy] * legs;
  for (const step of film.change_step) film.firstChange[step + 1]++;
  for (let step = 0; step < film.steps; step++) {
    film.firstLeg[step + 1] += film.firstLeg[step];
    film.firstChange[step + 1] += film.firstChange[step];
  }
  film.deepest = film.queues.map((_, queue) => {
    let most = 0;
    for (let at = film.depth_edges[queue]; at < film.depth_edges[queue + 1]; at++) {
      most = Math.max(most, film.depth_ready[at]);
    }
    return most;
  });
  film.several = new Set(film.message_producer).size > 1;
}

// How many entries of a rising column are at most `value`.
/** @param {ArrayLike<number>} column
 * @param {number} value */
export function upTo(column, value, from = 0, to = column.length) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (column[middle] <= value) from = middle + 1; else to = middle;
  }
  return from;
}

/** @param {Film} film
 * @param {number} copy */
export function messageName(film, copy) {
  return `${film.actors[film.message_producer[copy]].name} #${film.message_number[copy] + 1}`;
}

/** @param {Film} film
 * @param {number} step */
export function copyOf(film, step) {
  const row = film.step_row[step], what = film.step_what[step];
  if (what === WHAT.EVENT) return film.event_copy[row];
  return what <= WHAT.ENQUEUED ? row : film.delivery_copy[row];
}

// [who, what they do] of a step: the words of mqsim.trace.timeline, to which a test holds them.
/** @param {Film} film
 * @param {number} step
 * @returns {[who: string, what: string]} */
export function words(film, step) {
  const what = film.step_what[step], row = film.step_row[step];
  if (what === WHAT.EVENT) return film.events[row] || ["", ""];
  const copy = copyOf(film, step), name = messageName(film, copy);
  if (what <= WHAT.ENQUEUED) {
    const producer = film.actors[film.message_producer[copy]].name;
    if (what === WHAT.ENQUEUED) return ["broker", `puts ${name} in queue ${film.queues[film.message_queue[copy]]}`];
    if (what === WHAT.CREATED) return [producer, `has ${name} to send`];
    const above = film.message_parent[copy];
    return [producer, `publishes ${name}` + (above < 0 ? "" : `, because of ${messageName(film, above)}`)];
  }
  const consumer = film.actors[film.delivery_consumer[row]];
  if (what === WHAT.SENT) {
    const again = film.delivery_attempt[row] > 1 ? ` again (attempt ${film.delivery_attempt[row]})` : "";
    const done = film.delivery_counted[row] === COUNTED.WHEN_SENT ? ", and counts it as done (auto-ack)" : "";
    return ["broker", `sends ${name} to ${consumer.name}${again}${done}`];
  }
  if (what === WHAT.STARTED) return [consumer.name, `starts ${name}`];
  if (what === WHAT.FINISHED) {
    return [consumer.name, `finishes ${name} after ${sixDigits(film.step_t[step] - film.delivery_started[row])} s`];
  }
  const who = consumer.name;
  if (what === WHAT.ACKED || film.delivery_how[row] === HOW.ACKED) {
    const early = film.delivery_counted[row] === COUNTED.EARLY;
    const done = early ? `, and counts it as done before ${who} finishes it` : ": done";
    return ["broker", `has ${who}'s acknowledgement of ${name}${done}`];
  }
  return ["broker", {
    [HOW.REQUEUED]: `has ${name} back from ${who}, to be sent again`,
    [HOW.REJECTED]: `hears from ${who} that it refuses ${name} for good`,
    [HOW.RETURNED]: `takes ${name} back: ${who} never acknowledged it`,
    [HOW.LOST]: `can't send ${name} again: it counts as done, and is lost: ${who} never finished it`,
  }[film.delivery_how[row]] || `closes ${name} at ${who}`];
}

// The steps that tell of one message and of all that came of it.
/** @param {Film} film
 * @param {number} copy */
export function stepsOf(film, copy) {
  const origin = film.message_origin[copy], found = [];
  for (let step = 0; step < film.steps; step++) {
    if (!film.step_told[step]) continue;
    const of = copyOf(film, step);
    if (of >= 0 && film.message_origin[of] === origin) found.push(step);
  }
  return found;
}
