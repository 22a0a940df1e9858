// The picture: depth above, lanes below, one time axis. Colours, hatches and crosses are those of the figures.

import { fourDigits, roundTicks } from "../browser/numbers.js";
import { ENDINGS, FONT, HUES, PAPERS, VERMILLION } from "../browser/palette.js";

export function hatched(context, ending, paper, scale) {
  const { face, hatch } = ENDINGS[ending];
  if (!hatch) return face;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8 * scale;
  const pen = tile.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = face;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = paper.paper;
  pen.lineWidth = 1.3;
  pen.beginPath();
  if (hatch === "//" || hatch === "xx") for (const x of [-8, 0, 8]) { pen.moveTo(x, 8); pen.lineTo(x + 8, 0); }
  if (hatch === "\\\\" || hatch === "xx") for (const x of [-8, 0, 8]) { pen.moveTo(x, 0); pen.lineTo(x + 8, 8); }
  pen.stroke();
  if (hatch === "..") { pen.arc(2, 2, 1, 0, 7); pen.arc(6, 6, 1, 0, 7); pen.fill(); }
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}

// Where everything is, for a picture of so many pixels' width.
function layoutOf(about, width, pen) {
  pen.font = `12px ${FONT}`;
  const several = about.queues.length > 1;
  const names = Math.max(...about.lanes.map((lane) => pen.measureText(lane.name).width), 30);
  const left = Math.min(Math.ceil(names) + 12, width * 0.3);
  const ends = several ? Math.max(...about.queues.map((queue) => pen.measureText(queue.name).width)) + 16 : 0;
  const right = Math.min(Math.max(Math.ceil(ends) + 12, 20), width * 0.3);
  const lane = Math.max(11, Math.min(28, Math.floor(300 / Math.max(about.lanes.length, 1))));
  const depth = { top: 26, height: width < 520 ? 150 : 190 };
  const lanes = { top: depth.top + depth.height + 34, height: lane * about.lanes.length, lane };
  if (!about.lanes.length) lanes.top = depth.top + depth.height;
  return { width, left, right, depth, lanes, height: lanes.top + lanes.height + 38, span: width - left - right };
}

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  // `theory`: mean depths by queue, or nothing; `theme`: light or dark.
  paint(about, numbers, theory, theme, width) {
    const { pen, canvas } = this;
    const scale = window.devicePixelRatio || 1;
    this.paper = PAPERS[theme];
    this.place = layoutOf(about, width, pen);
    const { height } = this.place;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.fillStyle = this.paper.paper;
    pen.fillRect(0, 0, width, height);
    this.about = about;
    this.numbers = numbers;
    this.scale = scale;
    this.ofTime = (t) => this.place.left + ((t - about.start) / (about.end - about.start)) * this.place.span;
    this.faults();
    this.depth(theory);
    this.lanes();
    this.axis();
    this.faultNames();
  }

  row([first, count]) { return this.numbers.subarray(first, first + count); }

  words(text, x, y, { size = 12, ink = this.paper.ink, weight = "", align = "left", plate = false } = {}) {
    const { pen } = this;
    pen.font = `${weight} ${size}px ${FONT}`;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    if (plate) {
      const wide = pen.measureText(text).width + 6;
      pen.globalAlpha = 0.85;
      pen.fillStyle = this.paper.paper;
      pen.fillRect(align === "right" ? x - wide + 3 : x - 3, y - size * 0.65, wide, size * 1.3);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }

  faults() {
    const { pen, place } = this;
    const bottom = place.lanes.top + place.lanes.height;
    for (const [start, end] of this.about.faults) {
      const from = this.ofTime(start);
      const upto = Math.max(this.ofTime(end), from + 1);
      pen.globalAlpha = 0.13;
      pen.fillStyle = VERMILLION;
      pen.fillRect(from, place.depth.top, upto - from, bottom - place.depth.top);
      pen.globalAlpha = 1;
      pen.strokeStyle = VERMILLION;
      pen.setLineDash([3, 2]);
      pen.beginPath();
      pen.moveTo(from, place.depth.top);
      pen.lineTo(from, bottom);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  faultNames() {
    const { place, pen } = this;
    let free = place.left;
    for (const [start, , name] of this.about.faults) {
      pen.font = `11px ${FONT}`;
      const wide = pen.measureText(name).width;
      const x = Math.min(this.ofTime(start) + 4, place.width - place.right - wide);
      if (x < free) continue;
      this.words(name, x, place.depth.top + 8, { size: 11, plate: true });
      free = x + wide + 10;
    }
  }

  depth(theory) {
    const { pen, place, about, paper } = this;
    const { top, height } = place.depth;
    const means = about.queues.map((queue) => theory[queue.name]).filter((mean) => mean !== undefined);
    const most = Math.max(1, ...about.queues.map((queue) => queue.top), ...means) * (about.faults.length ? 1.15 : 1.06);
    const ofDepth = (level) => top + height - (level / most) * height;
    this.words(about.queues.length === 1 ? `messages ready in ${about.queues[0].name}` : "messages ready", 2, 11, { weight: "600" });
    pen.strokeStyle = paper.faint;
    pen.lineWidth = 1;
    for (const level of roundTicks(0, most, height / 40).filter(Number.isInteger)) {
      const y = Math.round(ofDepth(level)) + 0.5;
      pen.beginPath();
      pen.moveTo(place.left, y);
      pen.lineTo(place.width - place.right, y);
      pen.stroke();
      this.words(fourDigits(level), place.left - 6, y, { size: 11, align: "right" });
    }
    const ends = [];
    about.queues.forEach((queue, k) => {
      const hue = HUES[k % HUES.length];
      const least = this.row(queue.least);
      const greatest = this.row(queue.greatest);
      this.band(least, greatest, ofDepth, hue, about.queues.length === 1);
      ends.push([greatest[greatest.length - 1], queue.name, hue]);
    });
    about.queues.forEach((queue, k) => {
      const mean = theory[queue.name];
      if (mean === undefined) return;
      const y = ofDepth(mean);
      pen.strokeStyle = about.queues.length > 1 ? HUES[k % HUES.length] : paper.ink;
      pen.lineWidth = 1.5;
      pen.setLineDash([7, 4]);
      pen.beginPath();
      pen.moveTo(place.left, y);
      pen.lineTo(place.width - place.right, y);
      pen.stroke();
      pen.setLineDash([]);
      if (about.queues.length > 1) return;
      const under = y - 10 < top + (about.faults.length ? 22 : 8);
      this.words(`theory: mean ${fourDigits(mean)}`, place.left + 6, y + (under ? 10 : -10), { size: 11, plate: true });
    });
    if (about.queues.length > 1) this.endNames(ends, ofDepth);
  }

  // Of each pixel from the least to the greatest level: what a line through every change would cover.
  band(least, greatest, ofDepth, hue, filled) {
    const { pen, place } = this;
    const wide = Math.min(least.length, Math.max(1, Math.round(place.span * this.scale)));
    const low = new Float32Array(wide);
    const high = new Float32Array(wide);
    for (let x = 0; x < wide; x += 1) {
      const from = Math.floor((x * least.length) / wide);
      const upto = Math.max(from + 1, Math.floor(((x + 1) * least.length) / wide));
      low[x] = least[from];
      high[x] = greatest[from];
      for (let k = from + 1; k < upto; k += 1) {
        if (least[k] < low[x]) low[x] = least[k];
        if (greatest[k] > high[x]) high[x] = greatest[k];
      }
    }
    const step = place.span / wide;
    const at = (x) => place.left + x * step;
    pen.fillStyle = hue;
    if (filled) {
      pen.globalAlpha = 0.16;
      pen.beginPath();
      pen.moveTo(at(0), ofDepth(0));
      for (let x = 0; x < wide; x += 1) { pen.lineTo(at(x), ofDepth(low[x])); pen.lineTo(at(x + 1), ofDepth(low[x])); }
      pen.lineTo(at(wide), ofDepth(0));
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.beginPath();
    for (let x = 0; x < wide; x += 1) {
      const y = ofDepth(high[x]) - 0.8;
      pen.rect(at(x), y, step + 0.3, ofDepth(low[x]) + 0.8 - y);
    }
    pen.fill();
  }

  endNames(ends, ofDepth) {
    const { place } = this;
    let floor = Infinity;
    for (const [level, name, hue] of ends.sort((a, b) => a[0] - b[0])) {
      const y = Math.min(ofDepth(level), floor - 14);
      floor = y;
      this.pen.fillStyle = hue;
      this.pen.fillRect(place.width - place.right + 3, y - 1.5, 8, 3);
      this.words(name, place.width - place.right + 14, y, { weight: "600" });
    }
  }

  lanes() {
    const { pen, place, about, paper } = this;
    const { top, lane } = place.lanes;
    if (!about.lanes.length) return;
    this.words(about.window === null ? "what each worker did" : "how busy each worker was", 2, top - 12, { weight: "600" });
    const faces = ENDINGS.map((_, ending) => hatched(pen, ending, paper, this.scale));
    const length = about.end - about.start;
    const width = (seconds) => (seconds / length) * place.span;
    const rows = new Map();
    const size = Math.min(12, lane);
    about.lanes.forEach((each, k) => {
      const y = top + k * lane;
      rows.set(each.name, y);
      const down = this.row(each.down);
      pen.fillStyle = paper.down;
      for (let i = 0; i < down.length; i += 2) pen.fillRect(place.left + width(down[i]), y, width(down[i + 1] - down[i]), lane);
      const [y0, tall] = [y + lane * 0.14, lane * 0.72];
      if (each.bars) this.bars(this.row(each.bars), width, y0, tall, faces);
      else this.shares(this.row(each.share), y0, tall);
      this.words(each.name, place.left - 6, y + lane / 2, { size, align: "right" });
    });
    for (const [t, name] of about.crashes) {
      const [x, y] = [this.ofTime(t), rows.get(name) + lane / 2];
      const arm = Math.min(5, lane / 3);
      for (const [stroke, thick] of [[paper.ink, 4.5], [VERMILLION, 2.6]]) {
        pen.strokeStyle = stroke;
        pen.lineWidth = thick;
        pen.beginPath();
        pen.moveTo(x - arm, y - arm); pen.lineTo(x + arm, y + arm);
        pen.moveTo(x - arm, y + arm); pen.lineTo(x + arm, y - arm);
        pen.stroke();
      }
    }
  }

  bars(bars, width, y, tall, faces) {
    const { pen, place } = this;
    for (let i = 0; i < bars.length; i += 3) {
      const x = place.left + width(bars[i]);
      const wide = width(bars[i + 1] - bars[i]);
      pen.fillStyle = faces[bars[i + 2]];
      pen.fillRect(x, y, Math.max(wide - (wide > 3 ? 1 : 0), 0.5), tall);
    }
  }

  shares(share, y, tall) {
    const { pen, place } = this;
    const step = place.span / share.length;
    pen.fillStyle = ENDINGS[0].face;
    pen.beginPath();
    for (let k = 0; k < share.length; k += 1) pen.rect(place.left + k * step, y + tall * (1 - share[k]), step + 0.3, tall * share[k]);
    pen.rect(place.left, y + tall - 0.5, place.span, 0.5);
    pen.fill();
  }

  axis() {
    const { pen, place, about, paper } = this;
    const y = place.lanes.top + place.lanes.height + 0.5;
    pen.strokeStyle = paper.ink;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(place.left, y);
    pen.lineTo(place.width - place.right, y);
    for (const t of roundTicks(about.start, about.end, place.span / 70)) {
      const x = this.ofTime(t);
      pen.moveTo(x, y);
      pen.lineTo(x, y + 4);
      this.words(fourDigits(t), x, y + 13, { size: 11, align: "center" });
    }
    pen.stroke();
    this.words("time (s)", place.width - place.right, y + 29, { size: 11, ink: paper.soft, align: "right" });
  }
}
