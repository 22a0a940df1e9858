// What stands on the stage: boxes, and the links between them.

import { FONT } from "../browser/palette.js";
import { DASHES } from "./chart.js";
import { messageName, PLACE, STATUS } from "./film.js";
import { layOut, slotInQueue, spotsOf } from "./layout.js";
import { FULL, Stamps } from "./shapes.js";

const HIGHEST = 340;

export class Scenery {
  /** @param {HTMLCanvasElement} canvas
   * @param {import("./types").Film} film */
  constructor(canvas, film) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.film = film;
    this.spots = new Map();     // copy -> where it was drawn last
    this.drawn = [];            // [copy, x, y] of this picture, to be found under the pointer
    this.moving = 0;
  }

  /** @param {number} width
   * @param {import("./types").Look} look
   * @param {number} ratio: pixels of the screen to one of the page */
  fit(width, look, ratio) {
    // Larger where there is room, as on a screen in class, but not so high that what is below is pushed off it.
    this.zoom = Math.max(1, Math.min(1.3, width / 860));
    this.layout = layOut(this.film, width / this.zoom);
    if (this.zoom > 1 && this.layout.height * this.zoom > HIGHEST) {
      this.zoom = Math.max(1, HIGHEST / this.layout.height);
      this.layout = layOut(this.film, width / this.zoom);
    }
    this.look = look;
    this.ratio = ratio * this.zoom;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.layout.height * this.ratio);
    this.canvas.style.height = `${this.layout.height * this.zoom}px`;
    this.stamps = new Stamps(look, this.ratio);
    this.spots.clear();
  }

  /** @param {string} words
   * @param {number} x
   * @param {number} y
   * @param {{ size?: number, bold?: boolean, colour?: string, align?: CanvasTextAlign, room?: number }} how: `room` in pixels,
   *   0 for as much as it takes
   * @returns {number} its width in pixels */
  text(words, x, y, { size = 12, bold = false, colour = this.look.ink, align = "left", room = 0 } = {}) {
    const ctx = this.ctx;
    ctx.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
    ctx.textAlign = align;
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour;
    let shown = words;
    if (room && ctx.measureText(shown).width > room) {
      let keep = words.length;      // what tells names apart stands at their end
      while (keep > 2 && ctx.measureText(shown).width > room) {
        keep--;
        const head = Math.max(0, Math.min(4, keep - 5));
        shown = `${words.slice(0, head)}…${words.slice(words.length - (keep - head))}`;
      }
    }
    ctx.fillText(shown, x, y);
    return ctx.measureText(shown).width;
  }

  width(words, bold = false) {
    this.ctx.font = `${bold ? "600 " : ""}12px ${FONT}`;
    return this.ctx.measureText(words).width;
  }

  box(x, y, w, h, r, { fill, line, dash = [], wide = 1 }) {
    const ctx = this.ctx;
    ctx.beginPath();
    ctx.roundRect(x, y, w, h, r);
    if (fill) { ctx.fillStyle = fill; ctx.fill(); }
    if (line) {
      ctx.setLineDash(dash);
      ctx.strokeStyle = line;
      ctx.lineWidth = wide;
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }

  titles() {
    const { layout, look } = this, soft = { size: 12, colour: look.soft };
    const first = (map) => map.values().next().value;
    const sides = [["producers", layout.producers, layout.hidden.left], ["consumers", layout.workers, layout.hidden.right]];
    for (const [name, map, hidden] of sides) {
      const box = first(map), words = map.size === 1 && !hidden ? name.slice(0, -1) : name;
      const said = hidden ? `${words}: ${map.size} of ${map.size + hidden}` : words;
      if (box) this.text(said, Math.min(box.x, layout.width - 4 - this.width(said)), 13, soft);
    }
  }

  broker() {
    const { layout, look, cursor } = this, { x, y, w, h } = layout.broker;
    const up = cursor.broker === STATUS.UP;
    this.box(x, y, w, h, 10, { fill: up ? look.card : look.down, line: up ? look.faint : look.bad, dash: up ? [] : [5, 4] });
    const name = `broker (RabbitMQ ${this.film.profile})`;
    const used = this.text(layout.narrow || !this.film.profile ? "broker" : name, x + 2, 13, { size: 12, colour: look.soft });
    if (!up) {
      this.text(`is down: ${this.film.statuses[cursor.broker]}`, x + 12 + used, 13, { size: 12, bold: true, colour: look.bad });
    }
  }

  links() {
    const { ctx, layout, look, film } = this;
    ctx.strokeStyle = look.faint;
    ctx.lineWidth = 1.2;
    ctx.beginPath();
    for (const box of layout.producers.values()) {
      for (const code of film.takes.get(box.code) || []) {
        const spot = layout.exchanges.get(code);
        ctx.moveTo(box.x + box.w, box.y + box.h / 2);
        ctx.lineTo(spot.x - spot.r, spot.y);
      }
    }
    for (const [code, spot] of layout.exchanges) {
      for (const queue of film.feeds.get(code) || []) {
        const box = layout.queues[queue];
        ctx.moveTo(spot.x + spot.r, spot.y);
        ctx.lineTo(box.x, box.y + box.h / 2);
      }
    }
    for (const box of layout.workers.values()) {
      const served = film.served.get(box.code) || new Set([film.queues.indexOf(film.actors[box.code].queue)]);
      for (const queue of served) {
        const from = layout.queues[queue];
        if (!from) continue;
        ctx.moveTo(from.x + from.w, from.y + from.h / 2);
        ctx.lineTo(box.x, box.y + box.h / 2);
      }
    }
    ctx.stroke();
  }

  exchange(code, { x, y, r }) {
    const { ctx, look, film, layout } = this;
    ctx.beginPath();
    ctx.moveTo(x, y - r); ctx.lineTo(x + r, y); ctx.lineTo(x, y + r); ctx.lineTo(x - r, y);
    ctx.closePath();
    ctx.fillStyle = look.paper;
    ctx.fill();
    ctx.strokeStyle = look.soft;
    ctx.lineWidth = 1.4;
    ctx.stroke();
    const { name, type } = film.exchanges[code];
    const room = 2 * (x - layout.broker.x) - 8;
    this.text(code ? name : "default", x, y - r - 10, { size: 12, bold: code > 0, align: "center", room });
    this.text(code ? type : "exchange", x, y + r + 10, { size: 11, colour: look.soft, align: "center", room });
  }

  producer(box) {
    const { look, film, cursor } = this;
    const status = cursor.status[box.code], name = film.actors[box.code].name;
    const ok = status === STATUS.UP || status === STATUS.ABSENT || status === STATUS.ENDED;
    this.box(box.x, box.y, box.w, box.h, 7, { fill: ok ? look.card : look.down, line: ok ? look.line : look.bad, dash: ok ? [] : [5, 4] });
    const number = cursor.sent[box.code].toLocaleString("en");
    const sent = this.width(`${number} sent`) > box.w - 14 ? number : `${number} sent`;
    const waits = cursor.waits[box.code].length;
    if (box.tight) {
      this.text(name, box.x + 8, box.y + box.h / 2, { size: 12, bold: true, room: box.w - 16 });
    } else {
      this.text(name, box.x + 8, box.y + 15, { bold: true, room: box.w - 16 });
      const words = ok ? (waits ? `${waits} waiting` : sent) : film.statuses[status];
      this.text(words, box.x + 8, box.y + box.h - 13, { size: 12, colour: ok ? look.soft : look.bad, room: box.w - 14 });
    }
    cursor.waits[box.code].slice(0, 1).forEach((copy) => this.resident(copy, { x: box.x + box.w - 1, y: box.y + box.h / 2 }));
  }

  queue(box, queue) {
    const { look, film, cursor } = this, list = cursor.ready[queue];
    const words = `${list.length.toLocaleString("en")} ready`;
    const y = this.layout.narrow ? box.y + box.h + 11 : box.y - 11;      // where it is narrow, below
    const keyed = film.queues.length > 1 ? 30 : 0, room = box.w - (this.layout.narrow ? 2 : this.width(words) + 8 + keyed);
    if (keyed) this.key(queue, box.x + box.w - this.width(words) - 28, y);
    this.text(film.queues[queue], box.x + 1, box.y - 11, { bold: true, room });
    this.text(words, box.x + box.w - 1, y, { size: 12, colour: look.soft, align: "right" });
    this.box(box.x, box.y, box.w, box.h, 6, { fill: look.paper, line: look.line, wide: 1.2 });
    let shown = 0;
    for (const copy of list) {
      if (shown >= box.shown) break;
      this.resident(copy, slotInQueue(this.layout, queue, shown));
      shown++;
    }
    if (list.length > box.shown) {
      this.text(`+ ${(list.length - box.shown).toLocaleString("en")}`, box.x + 6, box.y + box.h / 2, { size: 12, bold: true });
    }
  }

  // The line that stands for this queue in the chart.
  key(queue, x, y) {
    const { ctx, look } = this;
    ctx.strokeStyle = look.hues[queue % look.hues.length];
    ctx.lineWidth = 2;
    ctx.setLineDash(DASHES[queue % DASHES.length]);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 20, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  worker(box) {
    const { look, film, cursor } = this, actor = film.actors[box.code], status = cursor.status[box.code];
    const runs = status === STATUS.UP || status === STATUS.SLOW;
    const bad = !runs && status !== STATUS.ABSENT && status !== STATUS.ENDED && status !== STATUS.STOPPED;
    this.box(box.x, box.y, box.w, box.h, 7, {
      fill: runs ? look.card : look.down, line: bad || status === STATUS.SLOW ? look.bad : look.line,
      dash: runs ? [] : [5, 4], wide: bad ? 1.6 : 1.2,
    });
    const spots = spotsOf(this.layout, box), list = cursor.holds[box.code];
    const nameY = box.tight ? box.y + box.h / 2 : box.y + 14;
    const worked = `${cursor.worked[box.code].toLocaleString("en")} done`;
    const words = status === STATUS.UP ? worked : film.statuses[status];
    const wordsX = box.tight ? spots.at(Math.max(0, spots.free - 1)).x - 12 : box.x + box.w - 8;
    const room = wordsX - box.x - 14, fits = this.width(words, bad) + this.width(actor.name, true) + 8 <= room;
    this.text(actor.name, box.x + 8, nameY, { bold: true, room });
    if (fits || (status !== STATUS.UP && !box.tight && !list.length)) {
      this.text(words, wordsX, fits ? nameY : spots.hand.y, { size: 12, align: "right", bold: bad, colour: bad || status === STATUS.SLOW ? look.bad : look.soft });
    }
    const covered = !fits && status !== STATUS.UP && !box.tight && !list.length;      // by the words
    if (!covered) this.hand(box, spots, list);
    if (status === STATUS.CRASHED || status === STATUS.NO_POWER) this.cross(box.x - 1, box.y + box.h / 2);
  }

  // What a worker holds: slots for what it may hold besides the work in hand, and a ring that fills with the work.
  hand(box, spots, list) {
    const { ctx, look, film, cursor, motion } = this, prefetch = film.actors[box.code].prefetch;
    ctx.strokeStyle = look.line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.arc(spots.hand.x, spots.hand.y, 11.5, 0, FULL);
    ctx.stroke();
    const limited = prefetch > 0 && film.actors[box.code].ack !== "auto";
    const beside = limited ? Math.min(spots.free, prefetch - 1) : 0;
    for (let place = 0; place < beside; place++) {
      const { x, y } = spots.at(place);
      ctx.strokeRect(x - 6, y - 6, 12, 12);
    }
    let busy = -1, waits = 0;
    for (const copy of list) {
      const leg = cursor.leg[copy];
      if (film.leg_place[leg] === PLACE.AT_WORK) busy = copy;
      const place = busy === copy ? spots.hand : spots.at(waits++);
      this.resident(copy, place, place !== spots.hand && waits > spots.free);
    }
    if (waits > spots.free && spots.free) {
      const x = spots.at(spots.free - 1).x - 9;
      if (!box.tight) this.text(`+${waits - spots.free}`, x, spots.hand.y, { size: 11, align: "right", colour: look.soft });
    }
    if (busy < 0 || (motion.trails.has(busy) && !this.crowd)) return;
    const row = film.leg_delivery[cursor.leg[busy]], work = film.delivery_work[row];
    const spent = this.t - film.delivery_started[row];
    if (work > 0 && cursor.status[box.code] !== STATUS.HANGS) {
      ctx.strokeStyle = look.ink;
      ctx.lineWidth = 3;
      ctx.beginPath();
      ctx.arc(spots.hand.x, spots.hand.y, 11.5, -FULL / 4, -FULL / 4 + FULL * Math.min(1, spent / work));
      ctx.stroke();
    }
    if (!box.tight && !this.crowd) {
      const name = film.several && !this.layout.narrow ? messageName(film, busy) : `#${film.message_number[busy] + 1}`;
      this.text(name, spots.hand.x + 19, spots.hand.y, { size: 12, room: box.x + box.w - spots.hand.x - 24 });
    }
  }

  cross(x, y) {
    const { ctx, look } = this;
    for (const { colour, wide } of [{ colour: look.paper, wide: 7 }, { colour: look.bad, wide: 3.5 }]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = wide;
      ctx.lineCap = "round";
      ctx.beginPath();
      ctx.moveTo(x - 6, y - 6); ctx.lineTo(x + 6, y + 6);
      ctx.moveTo(x + 6, y - 6); ctx.lineTo(x - 6, y + 6);
      ctx.stroke();
    }
    ctx.lineCap = "butt";
  }
}
