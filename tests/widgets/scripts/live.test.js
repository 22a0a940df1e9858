// The page with the broker's queues: rates and pictures from looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grown, picture, rate } from "../../../mqsim/server/management/page/live.js";

const queue = (ready, unacked, publish) => ({
  name: "q",
  vhost: "/",
  messages_ready: ready,
  messages_unacknowledged: unacked,
  consumers: 0,
  message_stats: { publish, deliver_get: 0, ack: 0 },
});

test("a rate is a difference over the last five looks", () => {
  let looks = [];
  for (let second = 0; second <= 9; second += 1) looks = grown(looks, queue(0, 0, second * second), second * 1000);
  assert.equal(rate(looks, "publish"), ((81 - 16) / 5).toFixed(1));
  assert.equal(rate(looks.slice(0, 1), "publish"), "–");
});

test("a picture forgets what is older than two minutes", () => {
  let looks = [];
  for (let second = 0; second < 500; second += 1) looks = grown(looks, queue(second, 0, 0), second * 1000);
  assert.equal(looks.length, 120);
  assert.equal(picture(looks).most, 499);
});

test("ready stands on top of unacknowledged, and the highest look fills the picture", () => {
  const looks = grown(grown([], queue(0, 5, 0), 0), queue(5, 5, 0), 1000);
  const drawn = picture(looks);
  assert.equal(drawn.most, 10);
  assert.match(drawn.ready, /240\.0,1\.0/);
  assert.match(drawn.unacked, /240\.0,16\.0/);
  assert.equal(picture([]).ready, "");
});
