// Queue depth over the whole run, with its faults; the same strip is where the time is dragged.

import { roundTicks, sixDigits } from "../browser/numbers.js";
import { FONT } from "../browser/palette.js";
import { FULL } from "./shapes.js";

export const DASHES = [[], [7, 3], [2, 2], [8, 2, 2, 2]];     // of the queues' curves, beside their hues
const GUTTER = { left: 40, right: 14, top: 20, bottom: 20 };

// A future that never ends (a worker hangs for good) would press the others into a corner: of that, only a little more than the
// run as it was is on the axis. What comes later is reached step by step, and the clock tells when it is.
/** @param {import("./types").Film[]} films
 * @param {import("./types").Film} base
 * @returns {number} */
export function axisEnd(films, base) {
  const most = base.end + 0.25 * (base.end - base.start);
  const ends = films.map((one) => one.complete || one === base ? one.end : Math.min(one.end, most));
  return Math.max(...ends, base.start + 1e-9);
}

export class Chart {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.backdrop = document.createElement("canvas");
  }

  /** @param {import("./types").Film[]} films: the one on show first, then those it is compared with
   * @param {number} width
   * @param {number} height
   * @param {import("./types").Look} look
   * @param {number} ratio: pixels of the screen to one of the page
   * @param {import("./types").Film} base: the run as it was, whose axis the others keep where they can */
  fit(films, width, height, look, ratio, base = films[0]) {
    this.films = films;
    this.width = width;
    this.height = height;
    this.look = look;
    this.ratio = ratio;
    this.size = width < 620 ? 12 : 13;
    const film = films[0];
    this.start = film.start;
    this.end = axisEnd(films, base);
    this.most = Math.max(1, ...films.flatMap((one) => one.deepest));
    for (const canvas of [this.canvas, this.backdrop]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.canvas.style.height = `${height}px`;
    this.paint();
  }

  x(t) { return GUTTER.left + (t - this.start) / (this.end - this.start) * (this.width - GUTTER.left - GUTTER.right); }
  y(depth) { return this.height - GUTTER.bottom - depth / this.most * (this.height - GUTTER.top - GUTTER.bottom - 4); }
  timeAt(x) {
    const share = (x - GUTTER.left) / (this.width - GUTTER.left - GUTTER.right);
    return this.start + Math.max(0, Math.min(1, share)) * (this.end - this.start);
  }

  words(text, x, y, align, colour, size = this.size) {
    const ctx = this.ctx_;
    ctx.font = `${size}px ${FONT}`;
    ctx.textAlign = align;
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
    return ctx.measureText(text).width;
  }

  paint() {
    const ctx = this.ctx_ = this.backdrop.getContext("2d"), { look, width, height } = this;
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.fillStyle = look.paper;
    ctx.fillRect(0, 0, width, height);
    const floor = height - GUTTER.bottom;
    this.shades(ctx, floor);
    ctx.strokeStyle = look.faint;
    ctx.lineWidth = 1;
    const levels = roundTicks(0, this.most, 3).filter((one) => Number.isInteger(one));
    for (const level of levels) {
      const y = Math.round(this.y(level)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(GUTTER.left, y);
      ctx.lineTo(width - GUTTER.right, y);
      ctx.stroke();
      this.words(level >= 10000 ? `${level / 1000}k` : String(level), GUTTER.left - 7, y, "right", look.soft);
    }
    ctx.strokeStyle = look.soft;
    for (const t of roundTicks(this.start, this.end, width < 620 ? 4 : 9)) {
      const x = this.x(t);
      ctx.beginPath();
      ctx.moveTo(x, floor);
      ctx.lineTo(x, floor + 4);
      ctx.stroke();
      const last = x > width - 24;
      this.words(`${sixDigits(t)} s`, last ? width - 4 : x, floor + 12, last ? "right" : "center", look.soft);
    }
    this.films.slice(1).forEach((film) => this.curves(ctx, film, [2, 3], 0.75));
    this.curves(ctx, this.films[0], [], 1);
  }

  shades(ctx, floor) {
    const { look, width } = this, film = this.films[0];
    const edges = [], together = new Map();      // what strikes several at once is named once
    for (const fault of film.faults) {
      const key = `${fault.kind} ${fault.start}`;
      if (together.has(key)) together.get(key).others.push(fault); else together.set(key, { fault, others: [] });
    }
    for (const { fault, others } of together.values()) {
      const from = this.x(fault.start), to = this.x(Math.min(fault.end ?? this.end, this.end));
      ctx.fillStyle = look.shade;
      ctx.fillRect(from, GUTTER.top - 2, Math.max(2, to - from), floor - GUTTER.top + 2);
      ctx.fillStyle = look.bad;
      ctx.fillRect(from - 0.75, GUTTER.top - 2, 1.5, floor - GUTTER.top + 2);
      ctx.font = `${this.size}px ${FONT}`;
      const more = others.length > 1 ? ` and ${others.length} more` : others.length ? ` and ${others[0].targets.join(" and ")}` : "";
      const wide = ctx.measureText(fault.words + more).width;
      const x = Math.min(from, width - GUTTER.right - wide);
      // Above the chart, or within it where that place is taken.
      const row = [0, 1].find((one) => edges.every(([a, b, at]) => at !== one || x > b + 8 || x + wide < a - 8));
      if (row === undefined) continue;
      edges.push([x, x + wide, row]);
      this.words(fault.words + more, row ? x + 4 : x, 9 + 20 * row, "left", look.bad);
    }
    if (edges.every(([from]) => from > 150)) {
      this.words(this.width < 620 ? "ready" : "messages ready", 14, 9, "left", look.soft);
    }
  }

  curves(ctx, film, dash, alpha) {
    const { look } = this;
    ctx.globalAlpha = alpha;
    film.queues.forEach((name, queue) => {
      const first = film.depth_edges[queue], last = film.depth_edges[queue + 1];
      ctx.strokeStyle = dash.length ? look.soft : look.hues[queue % look.hues.length];
      ctx.lineWidth = dash.length ? 1.4 : 1.8;
      ctx.setLineDash(dash.length ? dash : DASHES[queue % DASHES.length]);
      ctx.beginPath();
      let column = NaN, low = 0, high = 0;
      for (let at = first; at < last; at++) {      // one stroke up and down for each column of pixels
        const x = Math.round(this.x(Math.min(film.depth_t[at], this.end)) * 2) / 2, depth = film.depth_ready[at];
        if (at === first) { ctx.moveTo(x, this.y(depth)); column = x; low = high = depth; continue; }
        if (x === column) { low = Math.min(low, depth); high = Math.max(high, depth); }
        if (x !== column || at === last - 1) {
          const before = film.depth_ready[at - 1];
          if (high > low) { ctx.lineTo(column, this.y(high)); ctx.lineTo(column, this.y(low)); ctx.lineTo(column, this.y(before)); }
          ctx.lineTo(x, this.y(before));
          ctx.lineTo(x, this.y(depth));
          column = x; low = high = depth;
        }
      }
      ctx.stroke();
    });
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }

  draw(t) {
    const { ctx, look } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.backdrop, 0, 0);
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const x = this.x(Math.min(t, this.end)), floor = this.height - GUTTER.bottom;
    ctx.strokeStyle = look.ink;
    ctx.lineWidth = 1.6;
    ctx.beginPath();
    ctx.moveTo(x, GUTTER.top - 4);
    ctx.lineTo(x, floor);
    ctx.stroke();
    ctx.fillStyle = look.ink;
    ctx.beginPath();
    ctx.arc(x, floor, 6, 0, FULL);
    ctx.fill();
  }
}
