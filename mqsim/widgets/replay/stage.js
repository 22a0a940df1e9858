// The stage: messages in their places and on their way, over the scenery.

import { PLACE } from "./film.js";
import { slotInQueue, spotsOf } from "./layout.js";
import { Scenery } from "./scenery.js";
import { FULL } from "./shapes.js";

const CROWD = 160;     // from so many moving dots on, dots at rest no longer wait for those under way

export class Stage extends Scenery {
  // Draw one picture; `dt` is the viewer's time since the last, `calm` lets nothing glide.
  draw(cursor, motion, t, dt, calm, follow, pointed) {
    const ctx = this.ctx, layout = this.layout;
    this.cursor = cursor;
    this.motion = motion;
    this.t = t;
    this.glide = calm ? 1 : 1 - Math.exp(-dt / 0.07);
    this.follow = follow;
    this.pointed = pointed;
    this.was = this.spots;
    this.spots = new Map();
    this.drawn = [];
    this.moving = 0;
    this.crowd = motion.trails.size > CROWD;
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.fillStyle = this.look.paper;
    ctx.fillRect(0, 0, layout.width, layout.height);
    this.titles();
    this.broker();
    this.links();
    for (const box of layout.producers.values()) this.producer(box);
    for (const [code, spot] of layout.exchanges) this.exchange(code, spot);
    layout.queues.forEach((box, queue) => this.queue(box, queue));
    for (const box of layout.workers.values()) this.worker(box);
    this.ended();
    this.travellers();
    this.marks();
  }

  // Those that went for good stay on a strip below, so that a class can count them.
  ended() {
    const { layout, cursor, look } = this;
    if (!layout.strip) return;
    const used = this.text("gone for good:", layout.pad, layout.strip, { size: 12, colour: look.soft });
    const first = layout.pad + used + 16, fits = Math.floor((layout.width - first - 60) / 15);
    const list = cursor.over;
    list.slice(0, fits).forEach((copy, place) => this.resident(copy, { x: first + 15 * place, y: layout.strip }));
    if (!list.length) this.text("none", first - 8, layout.strip, { size: 12, colour: look.soft });
    if (list.length > fits) this.text(`+ ${(list.length - fits).toLocaleString("en")}`, first + 15 * fits, layout.strip, { bold: true });
  }

  resident(copy, spot, unseen = false) {
    const before = this.was.get(copy);
    let { x, y } = spot;
    if (before && this.glide < 1) {
      x = before.x + (x - before.x) * this.glide;
      y = before.y + (y - before.y) * this.glide;
    }
    const travels = this.motion.trails.has(copy);
    this.spots.set(copy, travels ? { ...(before || spot), goal: spot } : { x, y });
    if (unseen || (travels && !this.crowd)) return;
    if (travels) ({ x, y } = spot);
    this.put(copy, this.film.leg_state[this.cursor.leg[copy]], x, y);
  }

  put(copy, state, x, y) {
    this.stamps.put(this.ctx, state, x, y);
    this.drawn.push(copy, x, y);
  }

  travellers() {
    const { film, motion, cursor } = this;
    for (const copy of [...motion.trails.keys()]) {
      const now = motion.where(copy, this.t);
      const known = this.spots.get(copy);
      if (!now) {      // arrived: drawn where it stays, from this picture on
        const goal = known && known.goal;
        if (goal) { this.spots.set(copy, goal); this.put(copy, film.leg_state[cursor.leg[copy]], goal.x, goal.y); }
        continue;
      }
      const goal = now.leg === cursor.leg[copy] && known && known.goal ? known.goal : this.anchor(now.leg);
      const origin = this.start(copy, now.leg);
      if (!goal || !origin) continue;
      const share = now.share, ease = share * share * (3 - 2 * share);
      const backwards = goal.x < origin.x - 30;
      const x = origin.x + (goal.x - origin.x) * ease;
      const bow = backwards ? -Math.min(46, 14 + (origin.x - goal.x) * 0.14) * 4 * ease * (1 - ease) : 0;
      const y = origin.y + (goal.y - origin.y) * ease + bow;
      this.ctx.globalAlpha = film.leg_place[now.leg] === PLACE.DONE ? 1 - ease * 0.85 : 1;
      this.put(copy, film.leg_state[now.leg], x, y);
      this.ctx.globalAlpha = 1;
      this.spots.set(copy, { x, y, goal: known && known.goal, leg: now.leg, from: origin });
      this.moving++;
    }
  }

  // Where a way begins: where its dot was seen last, else where the leg before it ended.
  start(copy, leg) {
    const before = this.was.get(copy);
    if (before && before.leg === leg) return before.from;
    if (before) return { x: before.x, y: before.y };
    const film = this.film, last = film.before[leg];
    if (last >= 0) return this.anchor(last);
    const parent = film.message_parent[copy];
    if (film.leg_place[leg] === PLACE.EXCHANGE) return this.box_of(film.message_producer[copy]);
    if (parent >= 0) return this.was.get(parent) || this.anchor(film.before[this.cursor.leg[parent]]);
    return this.anchor(leg);
  }

  box_of(actor) {
    const { producers, workers, broker } = this.layout;
    const box = producers.get(actor);
    if (box) return { x: box.x + box.w, y: box.y + box.h / 2 };
    const worker = workers.get(actor);
    return worker ? { x: worker.x, y: worker.y + worker.h / 2 } : { x: broker.x, y: broker.y + broker.h / 2 };
  }

  // The middle of the place that a leg leads to.
  anchor(leg) {
    const { film, layout } = this;
    if (leg < 0 || leg === undefined) return { x: layout.broker.x, y: layout.broker.y };
    const at = film.leg_at[leg], place = film.leg_place[leg];
    if (place === PLACE.EXCHANGE) return layout.exchanges.get(at) || { x: layout.exchangeX, y: layout.height / 2 };
    if (place === PLACE.QUEUE) return slotInQueue(layout, at, 0);
    if (place === PLACE.PRODUCER) return this.box_of(at);
    if (place === PLACE.LOST || place === PLACE.GONE) return { x: layout.pad + 110, y: layout.strip };
    const box = layout.workers.get(at);
    if (!box) return null;      // one of those that found no room
    const spots = spotsOf(layout, box);
    if (place === PLACE.HELD) return spots.at(0);
    if (place !== PLACE.DONE) return spots.hand;
    // Its acknowledgement travels back to the broker; one that counted before the work has none to send.
    const queue = layout.queues[film.message_queue[film.leg_copy[leg]]];
    if (film.actors[at].ack !== "manual" || !queue) return { x: layout.width - 8, y: spots.hand.y };
    return { x: queue.x + queue.w, y: queue.y + queue.h / 2 };
  }

  // Rings around the message that is followed, and the one under the pointer.
  marks() {
    const { ctx, film, look } = this;
    for (let at = 0; at < this.drawn.length; at += 3) {
      const copy = this.drawn[at], x = this.drawn[at + 1], y = this.drawn[at + 2];
      const followed = this.follow >= 0 && film.message_origin[copy] === film.message_origin[this.follow];
      if (!followed && copy !== this.pointed) continue;
      ctx.strokeStyle = look.ink;
      ctx.lineWidth = followed ? 2 : 1.2;
      ctx.beginPath();
      ctx.arc(x, y, 10, 0, FULL);
      ctx.stroke();
    }
  }

  messageAt(x, y) {
    let best = -1, least = 144;
    for (let at = 0; at < this.drawn.length; at += 3) {
      const away = (this.drawn[at + 1] - x) ** 2 + (this.drawn[at + 2] - y) ** 2;
      if (away <= least) { least = away; best = this.drawn[at]; }
    }
    return best;
  }
}
