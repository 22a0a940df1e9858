// Numbers as a reader sees them, round marks on an axis, and stops of a slider.

/**
 * As Python's %.6g writes it.
 * @param {number} value
 */
export function sixDigits(value) {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(6)))));
  if (size >= -4 && size < 6) return String(Number(value.toPrecision(6)));
  const [digits, power] = Number(value.toPrecision(6)).toExponential().split("e");
  return `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/**
 * Four digits, or a dash where there is no number.
 * @param {number | null | undefined} value
 */
export function fourDigits(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Math.abs(value) >= 10000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(4)));
}

/**
 * About `most` round numbers from `low` to `high`, all the same distance apart.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function roundTicks(low, high, most) {
  const rough = (high - low) / Math.max(most, 1);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
}

/**
 * The place of the entry that is nearest to a value; words and "off" (null) have to be met exactly.
 * @param {any[]} stops
 * @param {any} value
 */
export function nearestStop(stops, value) {
  const exact = stops.indexOf(value);
  if (exact >= 0) return exact;
  let best = 0, off = Infinity;
  stops.forEach((stop, place) => {
    if (typeof stop !== "number" || typeof value !== "number") return;
    const apart = Math.abs(stop - value);
    if (apart < off) { off = apart; best = place; }
  });
  return best;
}
