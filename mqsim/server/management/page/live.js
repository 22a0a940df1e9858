// @ts-check
// Shows the queues once a second. Rates are differences between two looks; the broker keeps none.

const EVERY = 1000;
const LOOKS = 120;

/**
 * @typedef {{publish: number, deliver_get: number, ack: number}} Totals
 * @typedef {{name: string, vhost: string, messages_ready: number, messages_unacknowledged: number,
 *            consumers: number, message_stats: Totals}} Queue
 * @typedef {{at: number, ready: number, unacked: number, totals: Totals}} Look
 */

/** @type {Map<string, Look[]>} */
const seen = new Map();

/**
 * Add a look to a queue's, and forget what is older than the picture.
 * @param {Look[]} looks
 * @param {Queue} queue
 * @param {number} at milliseconds
 * @returns {Look[]}
 */
export function grown(looks, queue, at) {
  const look = {
    at,
    ready: queue.messages_ready,
    unacked: queue.messages_unacknowledged,
    totals: queue.message_stats,
  };
  return [...looks, look].slice(-LOOKS);
}

/**
 * How often something happened a second, over the last five looks.
 * @param {Look[]} looks
 * @param {keyof Totals} what
 * @returns {string}
 */
export function rate(looks, what) {
  const last = looks[looks.length - 1];
  const first = looks[Math.max(0, looks.length - 6)];
  if (!last || !first || last.at === first.at) return "–";
  const a_second = ((last.totals[what] - first.totals[what]) * 1000) / (last.at - first.at);
  return a_second >= 100 ? a_second.toFixed(0) : a_second.toFixed(1);
}

/**
 * The picture of a queue's last looks: unacknowledged below, ready above it.
 * @param {Look[]} looks
 * @returns {{ready: string, unacked: string, most: number}} two paths in a box of 240 by 32
 */
export function picture(looks) {
  const most = Math.max(1, ...looks.map((look) => look.ready + look.unacked));
  const x = (/** @type {number} */ i) => 240 - (looks.length - 1 - i) * (240 / (LOOKS - 1));
  const y = (/** @type {number} */ n) => 31 - (n / most) * 30;
  const edge = (/** @type {(look: Look) => number} */ of) =>
    looks.map((look, i) => `${x(i).toFixed(1)},${y(of(look)).toFixed(1)}`);
  const bottom = looks.map((_, i) => `${x(i).toFixed(1)},31`);
  const unacked = edge((look) => look.unacked);
  const all = edge((look) => look.unacked + look.ready);
  const area = (/** @type {string[]} */ over, /** @type {string[]} */ under) =>
    over.length ? `M${over.join("L")}L${[...under].reverse().join("L")}Z` : "";
  return { unacked: area(unacked, bottom), ready: area(all, unacked), most };
}

/**
 * @param {string} text
 * @param {string} [kind]
 */
function cell(text, kind = "number") {
  const made = document.createElement("td");
  made.className = kind;
  made.textContent = text;
  return made;
}

/**
 * @param {Queue} queue
 * @param {Look[]} looks
 */
function row(queue, looks) {
  const made = document.createElement("tr");
  const name = cell(queue.name, "name");
  if (queue.vhost !== "/") {
    const vhost = document.createElement("small");
    vhost.textContent = `virtual host ${queue.vhost}`;
    name.append(vhost);
  }
  made.append(
    name,
    cell(String(queue.messages_ready)),
    cell(String(queue.messages_unacknowledged)),
    cell(String(queue.consumers)),
    cell(rate(looks, "publish")),
    cell(rate(looks, "deliver_get")),
    cell(rate(looks, "ack")),
  );
  const drawn = picture(looks);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 240 32");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `at most ${drawn.most} in the last two minutes`);
  for (const kind of /** @type {const} */ (["unacked", "ready"])) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", drawn[kind]);
    path.setAttribute("class", kind);
    svg.append(path);
  }
  const last = document.createElement("td");
  last.append(svg);
  made.append(last);
  return made;
}

async function ask() {
  const summary = /** @type {HTMLElement} */ (document.getElementById("summary"));
  const table = /** @type {HTMLElement} */ (document.getElementById("queues"));
  try {
    const answer = await fetch("api/queues");
    if (!answer.ok) throw new Error(String(answer.status));
    /** @type {Queue[]} */
    const queues = await answer.json();
    const at = performance.now();
    for (const queue of queues) {
      const key = `${queue.vhost} ${queue.name}`;
      seen.set(key, grown(seen.get(key) ?? [], queue, at));
    }
    table.replaceChildren(...queues.map((queue) => row(queue, seen.get(`${queue.vhost} ${queue.name}`) ?? [])));
    const ready = queues.reduce((sum, queue) => sum + queue.messages_ready, 0);
    const out = queues.reduce((sum, queue) => sum + queue.messages_unacknowledged, 0);
    summary.className = "";
    summary.textContent = queues.length
      ? `${queues.length} ${queues.length === 1 ? "queue" : "queues"}: ${ready} ready, ${out} unacknowledged.`
      : "There are no queues yet. A program that declares one makes it appear here.";
  } catch {
    summary.className = "fault";
    summary.textContent = "The broker does not answer. Start it again, and this page goes on.";
  }
}

if (typeof document !== "undefined") {
  await ask();
  setInterval(ask, EVERY);
}
