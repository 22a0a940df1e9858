// What a notebook's model does, for a page that no kernel stands behind: answers come from what was made beforehand.

/** @typedef {import("./model").Model} Model */

/** @implements {Model} */
export class Beforehand {
  /** @param {Object<string, any>} state */
  constructor(state) {
    this.state = state;
    /** @type {Map<string, Array<(message?: any) => void>>} */
    this.listeners = new Map();
    /** @type {() => void} */
    this.answer = () => {};
    /** @type {(content: any) => void} */
    this.hear = () => {};
  }

  /** @param {string} name */
  get(name) { return this.state[name]; }

  /** @param {string} name @param {any} value */
  set(name, value) {
    this.state[name] = value;
    this.fire(`change:${name}`);
  }

  /** @param {string} name @param {(message?: any) => void} act */
  on(name, act) { this.listeners.set(name, [...(this.listeners.get(name) || []), act]); }

  /** @param {string} name @param {(message?: any) => void} act */
  off(name, act) { this.listeners.set(name, (this.listeners.get(name) || []).filter((one) => one !== act)); }

  /** @param {string} name @param {any} [message] */
  fire(name, message) { for (const act of this.listeners.get(name) || []) act(message); }

  save_changes() { this.answer(); }

  /** @param {any} content */
  send(content) { this.hear(content); }
}

/** @param {string} text */
export function bytesOf(text) { return Uint8Array.from(atob(text), (one) => one.charCodeAt(0)); }

/** @param {string} text */
export async function unsqueezed(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
