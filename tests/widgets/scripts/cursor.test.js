// MQSIM_FILM names a packed film, which tests/widgets/test_javascript.py makes from a run with a crash.
// A cursor that goes forward and back holds the same state as one that went straight there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Cursor } from "../../../mqsim/widgets/replay/cursor.js";
import { openFilm } from "../../../mqsim/widgets/replay/film.js";

const film = await openFilm(readFileSync(process.env.MQSIM_FILM));

function stateOf(cursor) {
  const { leg, ready, holds, waits, status, broker, worked, sent, over, count } = cursor;
  // What is over is a set to whoever counts it: a step undone and done again may bring it in another order.
  return { leg: [...leg], ready, holds, waits, status, broker, worked, sent, over: [...over].sort((a, b) => a - b), count };
}

function straight(done) {
  const cursor = new Cursor(film);
  cursor.seek(done);
  return stateOf(cursor);
}

test("the film holds a crash and messages that come back", () => {
  const end = new Cursor(film);
  end.seek(film.steps);
  assert.ok(end.count.redelivered > 0);
  assert.ok(film.change_step.length > 0);
});

test("every step undone leaves what was there before it", () => {
  const cursor = new Cursor(film);
  cursor.seek(film.steps);
  for (let done = film.steps - 1; done >= 0; done--) {
    cursor.back();
    if (done % 7 === 0) assert.deepEqual(stateOf(cursor), straight(done), `after ${done} steps`);
  }
});

test("jumps to and fro end where a straight way ends", () => {
  const cursor = new Cursor(film);
  let place = 1;
  for (let jump = 0; jump < 60; jump++) {
    place = (place * 48271) % 2147483647;      // Lehmer's generator: the same jumps every time
    const done = place % (film.steps + 1);
    cursor.seek(done);
    assert.deepEqual(stateOf(cursor), straight(done), `jump ${jump}, to ${done}`);
  }
});

test("each copy is in one place, and the counts say how many are where", () => {
  const cursor = new Cursor(film);
  for (let done = 0; done < film.steps; done++) {
    cursor.forward();
    const ready = cursor.ready.reduce((sum, list) => sum + list.length, 0);
    assert.equal(cursor.count.ready, ready);
    const held = cursor.holds.reduce((sum, list) => sum + list.length, 0);
    assert.equal(cursor.count.unacknowledged + cursor.count.acknowledged - cursor.count.finished, held);
    assert.equal(cursor.count.lost + cursor.count.gone, cursor.over.length);
    const everywhere = [...cursor.ready, ...cursor.holds, ...cursor.waits, cursor.over].flat();
    assert.equal(new Set(everywhere).size, everywhere.length);
  }
});
