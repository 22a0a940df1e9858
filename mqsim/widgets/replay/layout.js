// Where everything stands on a stage of a given width: producers left, the broker in the middle, workers right.

import { PLACE } from "./film.js";

const ROW = 16;        // from one waiting dot to the next
const TOP = 34;        // above the boxes: the columns' names
const EXIT = 22;       // right of the workers, where finished dots leave

/** @param {import("./types").Film} film
 * @param {number} width */
export function layOut(film, width) {
  const narrow = width < 620;
  const sides = { left: [], right: [] };
  film.actors.forEach((actor, code) => { if (actor.side) sides[actor.side].push(code); });
  const exchanges = film.exchanges.map((_, code) => code).filter((code) => code > 0 || film.used.has(0));
  const pad = narrow ? 6 : 14, gap = narrow ? 14 : Math.min(56, width * 0.04);
  const room = width - 2 * pad;
  const left = sides.left.length ? (narrow ? room * 0.18 : Math.min(150, room * 0.14)) : 0;
  const right = sides.right.length ? (narrow ? room * 0.29 : Math.min(290, room * 0.25)) : 0;
  const broker = {
    x: pad + left + (left ? gap : 0),
    right: width - pad - EXIT - right - (right ? gap : 0),
  };
  const inColumn = narrow ? 16 : 9;
  const many = Math.max(Math.min(sides.left.length, inColumn), Math.min(sides.right.length, inColumn));
  const cell = many > 9 ? 32 : many > 5 ? 44 : narrow || many > 3 ? 56 : 62;
  const bottom = film.ever.has(PLACE.LOST) || film.ever.has(PLACE.GONE) ? 34 : 8;
  const body = Math.max(many * cell, film.queues.length * (narrow ? 74 : 62), exchanges.length * 56, 132);
  const height = Math.min(TOP + body + bottom, TOP + 600 + bottom);
  const area = { top: TOP, bottom: height - bottom };
  const layout = {
    film, width, height, narrow, area, pad, inColumn, strip: bottom > 8 ? height - bottom / 2 - 1 : 0,
    producers: new Map(), workers: new Map(), exchanges: new Map(), queues: [],
    hidden: { left: 0, right: 0 },
  };
  const inner = broker.right - broker.x;
  const between = exchanges.length ? Math.max(narrow ? 62 : 92, inner * 0.26) : 0;
  layout.broker = { x: broker.x, y: area.top - 6, w: inner, h: area.bottom - area.top + 12 };
  layout.exchangeX = broker.x + between / 2;
  column(layout, sides.left, "producers", pad, left, 46);
  column(layout, sides.right, "workers", width - pad - EXIT - right, right, 54);
  exchanges.forEach((code, place) => {
    const y = area.top + (place + 0.5) * (area.bottom - area.top) / exchanges.length;
    layout.exchanges.set(code, { x: layout.exchangeX, y, r: narrow ? 13 : 17 });
  });
  const queueX = broker.x + between + (between ? 0 : 12), queueW = broker.right - 12 - queueX;
  const high = (area.bottom - area.top) / Math.max(1, film.queues.length);
  film.queues.forEach((_, queue) => {
    const columns = Math.max(1, Math.floor((queueW - 12) / ROW));
    const most = Math.max(1, Math.floor((high - (narrow ? 58 : 38)) / ROW));
    const rows = Math.min(most, 8, Math.max(1, Math.ceil(film.deepest[queue] / columns)));
    const h = rows * ROW + 10, middle = area.top + (queue + 0.5) * high + (narrow ? 0 : 8);
    const shown = rows * columns;
    const more = film.deepest[queue] > shown ? Math.ceil((22 + 7.5 * film.deepest[queue].toLocaleString("en").length) / ROW) : 0;   // "+ 123"
    layout.queues.push({ x: queueX, y: middle - h / 2, w: queueW, h, rows, columns, shown: (columns - more) * rows });
  });
  return layout;
}

// Boxes of one side, in as many columns as they need; what finds no room is counted, and named below.
function column(layout, codes, side, x, w, tallest) {
  const area = layout.area, most = layout.narrow ? 2 : 4;
  const columns = Math.min(most, Math.ceil(codes.length / layout.inColumn));
  if (!columns) return;
  let rows = Math.ceil(codes.length / columns);
  const fits = Math.floor((area.bottom - area.top) / 28);
  rows = Math.min(rows, fits);
  const shown = codes.length > rows * columns ? codes.slice(0, rows * columns) : codes;
  layout.hidden[side === "workers" ? "right" : "left"] = codes.length - shown.length;
  const high = (area.bottom - area.top) / rows, h = Math.min(tallest, high - 6), wide = w / columns;
  shown.forEach((code, place) => {
    const y = area.top + (place % rows + 0.5) * high - h / 2;
    const box = { x: x + Math.floor(place / rows) * wide, y, w: wide - (columns > 1 ? 4 : 0), h, code };
    box.tight = h < 42;
    layout[side].set(code, box);
  });
}

export function slotInQueue(layout, queue, place) {
  const box = layout.queues[queue], at = Math.min(place, box.shown - 1);
  const fromRight = Math.floor(at / box.rows), row = at % box.rows;
  return { x: box.x + box.w - 6 - ROW * (fromRight + 0.5), y: box.y + 5 + ROW * (row + 0.5) };
}

// The spots in a worker's box: one for the work in hand, the others, left of it, for what it holds besides.
export function spotsOf(layout, box) {
  const y = box.tight ? box.y + box.h / 2 : box.y + box.h - 19;
  const hand = { x: box.tight ? box.x + box.w - 18 : box.x + (layout.narrow ? 66 : 74), y };
  const taken = box.tight ? 16 + 8.3 * layout.film.actors[box.code].name.length : 8;     // by the name
  const free = Math.max(0, Math.min(layout.narrow ? 2 : 4, Math.floor((hand.x - box.x - 14 - taken) / 14)));
  return { hand, free, at: (place) => ({ x: hand.x - (free ? 22 + 14 * Math.min(place, free - 1) : 0), y }) };
}
