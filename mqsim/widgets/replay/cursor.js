// The state of a run after some of its steps: goes forward by doing a step, and back by undoing it.

import { PLACE, STATE, STATUS } from "./film.js";

export class Cursor {
  /** @param {import("./types").Film} film */
  constructor(film) {
    this.film = film;
    this.done = 0;                                       // steps that have been taken
    this.leg = new Int32Array(film.copies).fill(-1);     // where each copy is
    this.ready = film.queues.map(() => []);              // copies in each queue, in its order
    this.holds = film.actors.map(() => []);              // copies with each consumer, in the order they came
    this.waits = film.actors.map(() => []);              // copies that each producer has not sent yet
    this.status = film.actors.map(() => STATUS.ABSENT);
    this.broker = STATUS.UP;
    this.worked = film.actors.map(() => 0);
    this.sent = film.actors.map(() => 0);
    this.over = [];                                      // lost or gone copies, in the order they went
    this.count = { ready: 0, unacknowledged: 0, acknowledged: 0, redelivered: 0, deadLettered: 0, lost: 0, gone: 0,
      finished: 0 };
    this.earlier = new Uint8Array(film.change_step.length);
  }

  // The last step that has words, or -1.
  get current() {
    let step = this.done - 1;
    while (step >= 0 && !this.film.step_told[step]) step--;
    return step;
  }

  // Each leg taken forward is shown to `watch`, if one is given.
  forward(watch) {
    const film = this.film, step = this.done++;
    for (let leg = film.firstLeg[step]; leg < film.firstLeg[step + 1]; leg++) {
      const copy = film.leg_copy[leg];
      if (film.before[leg] >= 0) this.tally(film.before[leg], -1);
      this.leg[copy] = leg;
      this.tally(leg, 1);
      this.once(leg, 1);
      if (watch) watch(leg);
    }
    for (let at = film.firstChange[step]; at < film.firstChange[step + 1]; at++) {
      const actor = film.change_actor[at];
      this.earlier[at] = actor < 0 ? this.broker : this.status[actor];
      this.become(actor, film.change_status[at]);
    }
  }

  back() {
    const film = this.film, step = --this.done;
    for (let leg = film.firstLeg[step + 1] - 1; leg >= film.firstLeg[step]; leg--) {
      const copy = film.leg_copy[leg], before = film.before[leg];
      this.once(leg, -1);
      this.tally(leg, -1);
      this.leg[copy] = before;
      if (before >= 0) this.tally(before, 1);
    }
    for (let at = film.firstChange[step + 1] - 1; at >= film.firstChange[step]; at--) {
      this.become(film.change_actor[at], this.earlier[at]);
    }
  }

  seek(done, watch) {
    while (this.done < done) this.forward(watch);
    while (this.done > done) this.back();
  }

  become(actor, status) {
    if (actor < 0) this.broker = status; else this.status[actor] = status;
  }

  // A copy comes to (+1) or leaves (-1) the place of a leg.
  tally(leg, by) {
    const film = this.film, copy = film.leg_copy[leg], at = film.leg_at[leg], count = this.count;
    switch (film.leg_place[leg]) {
      case PLACE.PRODUCER: by > 0 ? this.waits[at].push(copy) : remove(this.waits[at], copy); break;
      case PLACE.QUEUE: this.inQueue(copy, at, by); count.ready += by; break;
      case PLACE.HELD:
      case PLACE.AT_WORK:
        by > 0 ? this.hold(copy, at) : remove(this.holds[at], copy);
        count[film.leg_state[leg] === STATE.ACKNOWLEDGED ? "acknowledged" : "unacknowledged"] += by;
        break;
      case PLACE.DONE: count.acknowledged += by; count.finished += by; this.worked[at] += by; break;
      case PLACE.LOST: count.lost += by; this.end(copy, by); break;
      case PLACE.DEAD: count.deadLettered += by; break;
      case PLACE.GONE: count.gone += by; this.end(copy, by); break;
    }
  }

  // What counts how often it happened, and not how many there are.
  once(leg, by) {
    const film = this.film, before = film.before[leg], delivery = film.leg_delivery[leg];
    if (film.publishes[leg]) this.sent[film.message_producer[film.leg_copy[leg]]] += by;
    const sent = film.leg_place[leg] === PLACE.HELD && (before < 0 || film.leg_delivery[before] !== delivery);
    if (sent && film.delivery_attempt[delivery] > 1) this.count.redelivered += by;
  }

  hold(copy, at) {
    const list = this.holds[at], film = this.film, key = film.leg_delivery[this.leg[copy]];
    let place = list.length;
    while (place > 0 && film.leg_delivery[this.leg[list[place - 1]]] > key) place--;
    list.splice(place, 0, copy);
  }

  inQueue(copy, queue, by) {
    const list = this.ready[queue], rank = this.film.rank;
    let from = 0, to = list.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (rank[list[middle]] < rank[copy]) from = middle + 1; else to = middle;
    }
    if (by > 0) list.splice(from, 0, copy); else list.splice(from, 1);
  }

  end(copy, by) {
    if (by > 0) this.over.push(copy); else remove(this.over, copy);
  }
}

function remove(list, copy) {
  const at = list.lastIndexOf(copy);
  if (at >= 0) list.splice(at, 1);
}
