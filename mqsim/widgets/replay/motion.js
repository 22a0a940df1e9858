// Dots on their way. A way takes as long as it took in the run, and at least LEAST seconds of the viewer's, or it
// could not be seen. What a message does next waits until it has arrived; so pictures may lag, numbers never do.

import { PLACE } from "./film.js";

const LEAST = { [PLACE.PRODUCER]: 0, [PLACE.EXCHANGE]: 0.32, [PLACE.QUEUE]: 0.32, [PLACE.HELD]: 0.5,
  [PLACE.AT_WORK]: 0.12, [PLACE.DONE]: 0.55, [PLACE.LOST]: 0.6, [PLACE.DEAD]: 0, [PLACE.GONE]: 0.6 };
export const MOST_MOVING = 1200;
const APART = 0.07;           // between two messages that one producer sends at one instant, or they would look like one
const APART_AT_MOST = 0.7;

export class Motion {
  /** @param {import("./types").Film} film */
  constructor(film) {
    this.film = film;
    this.clock = 0;             // seconds of the viewer's
    this.still = false;         // reduced motion: nothing travels
    this.trails = new Map();    // copy -> legs not yet arrived, each {leg, from, to}: the viewer's seconds
    this.left = new Map();      // producer -> when its last message left, and which that was
    this.unseen = false;        // whether dots were left out, because too many move
  }

  take(leg) {
    const film = this.film, copy = film.leg_copy[leg];
    if (this.still) return;
    const trail = this.trails.get(copy);
    if (!trail && this.trails.size >= MOST_MOVING) { this.unseen = true; return; }
    const last = trail ? trail[trail.length - 1].to : this.clock;
    const from = Math.max(this.clock, last, film.leg_place[leg] === PLACE.EXCHANGE ? this.turn(leg, copy) : 0);
    const before = film.before[leg];
    const stays = before >= 0 && film.leg_place[before] === film.leg_place[leg] && film.leg_at[before] === film.leg_at[leg];
    const made = { leg, from, to: from + (stays ? 0 : LEAST[film.leg_place[leg]]) };
    if (trail) trail.push(made); else this.trails.set(copy, [made]);
  }

  // When a message leaves its producer: after those that leave it now as well; its own copies go together.
  turn(leg, copy) {
    const film = this.film, producer = film.message_producer[copy], number = film.message_number[copy];
    const before = this.left.get(producer), t = film.step_t[film.leg_step[leg]];
    let at = this.clock;
    if (before && before.t === t) at = Math.max(at, before.number === number ? before.at : before.at + APART);
    at = Math.min(at, this.clock + APART_AT_MOST);
    this.left.set(producer, { at, number, t });
    return at;
  }

  forget() {
    this.trails.clear();
    this.left.clear();
    this.unseen = false;
  }

  // After a jump: only what the run itself had on the way is on the way.
  jump(cursor, t) {
    this.forget();
    const film = this.film;
    if (!film.longest || this.still) return;
    for (let step = cursor.done - 1; step >= 0 && film.step_t[step] > t - film.longest; step--) {
      for (let leg = film.firstLeg[step]; leg < film.firstLeg[step + 1]; leg++) {
        const copy = film.leg_copy[leg];
        if (cursor.leg[copy] === leg && film.step_t[step] + film.leg_travel[leg] > t) {
          this.trails.set(copy, [{ leg, from: this.clock, to: this.clock }]);
        }
      }
    }
  }

  // Where in its trail a copy is: {leg, share} of the way; null when it has arrived.
  where(copy, t) {
    const trail = this.trails.get(copy);
    if (!trail) return null;
    let at = trail.length - 1;
    while (at > 0 && trail[at].from > this.clock) at--;
    if (at > 0) trail.splice(0, at);
    const now = trail[0];
    const seen = now.to > now.from ? (this.clock - now.from) / (now.to - now.from) : 1;
    const travel = this.film.leg_travel[now.leg];
    const gone = travel > 0 ? (t - this.film.step_t[this.film.leg_step[now.leg]]) / travel : 1;
    const share = Math.max(0, Math.min(1, seen, gone));
    if (share >= 1 && trail.length === 1) {
      this.trails.delete(copy);
      return null;
    }
    return { leg: now.leg, share };
  }

  get busy() { return this.trails.size > 0; }
}
