// Numbers as a reader sees them. What Python can judge, tests/widgets/test_javascript.py compares with Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fourDigits, roundTicks } from "../../../mqsim/widgets/browser/numbers.js";
import { lookOf } from "../../../mqsim/widgets/replay/shapes.js";
import { STATE } from "../../../mqsim/widgets/replay/film.js";

test("four digits are kept, and what is no number is a dash", () => {
  assert.deepEqual([0, 1.23456, 99999.6, -0.5, 1e-9].map(fourDigits), ["0", "1.235", "100,000", "-0.5", "1e-9"]);
  assert.deepEqual([null, undefined, NaN].map(fourDigits), ["–", "–", "–"]);
});

test("an axis without any length has one mark", () => {
  assert.deepEqual(roundTicks(3, 3, 5), [3]);
});

test("every state has a colour of its own, on both papers", () => {
  for (const theme of /** @type {const} */ (["light", "dark"])) {
    const { states } = lookOf(theme);
    assert.equal(states.length, Object.keys(STATE).length);
    assert.equal(new Set(states).size, states.length);
  }
});
