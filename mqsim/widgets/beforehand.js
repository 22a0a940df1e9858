// What a notebook's model does, for a page that no kernel stands behind: answers come from what was made beforehand.

class Beforehand {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
  }

  get(name) { return this.state[name]; }

  set(name, value) {
    this.state[name] = value;
    this.fire(`change:${name}`);
  }

  on(name, call) {
    if (!this.listeners.has(name)) this.listeners.set(name, []);
    this.listeners.get(name).push(call);
  }

  off(name, call) {
    this.listeners.set(name, (this.listeners.get(name) || []).filter((one) => one !== call));
  }

  fire(name, ...more) { for (const call of this.listeners.get(name) || []) call(...more); }

  save_changes() { if (this.answer) this.answer(this); }

  send(content) { if (this.hear) this.hear(this, content); }
}

function bytesOf(text) { return Uint8Array.from(atob(text), (one) => one.charCodeAt(0)); }

async function unsqueezed(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// The place of the entry that is nearest to a value; words and "off" (null) have to be met exactly.
function nearestStop(stops, value) {
  const exact = stops.findIndex((stop) => stop === value);
  if (exact >= 0) return exact;
  let best = 0, off = Infinity;
  stops.forEach((stop, place) => {
    if (typeof stop !== "number" || typeof value !== "number") return;
    const apart = Math.abs(stop - value);
    if (apart < off) { off = apart; best = place; }
  });
  return best;
}
