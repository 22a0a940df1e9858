// What a reader does to the player: keys, pointer, following a message, intervening.

import { make } from "../browser/elements.js";
import { sixDigits } from "../browser/numbers.js";
import { copyOf, messageName, PLACE, STATUS, stepsOf, words } from "./film.js";
import { faultOf, KINDS, timeWords, wrongSeconds } from "./panel.js";
import { Player } from "./player.js";

const PATIENCE = 5000;        // milliseconds for the kernel to say that it has heard

export class Reader extends Player {
  // -- what a reader does ----------------------------------------------------------------------------------------------

  act(what) {
    if (!this.film) return;
    if (what === "play") { if (this.playing) this.pause(); else this.play(); return; }
    if (what === "next" || what === "back") { this.step(what === "next" ? 1 : -1); return; }
    this.pause(false);
    if (what === "first") { this.cursorToStart(); return; }
    this.seek(what === "last" ? this.film.end : Number(what));
  }

  cursorToStart(tell = true) {
    this.t = this.film.start;
    this.goTo(0, false);
    this.motion.forget();
    this.stage.spots.clear();
    this.settle(tell);
  }

  key(event) {
    const field = event.target.matches("input, select");
    if (event.key === "Escape" && !this.menu.hidden) { this.closeMenu(); event.preventDefault(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey || !this.menu.hidden) return;
    const tenth = (this.film.end - this.film.start) / 10;
    const does = {
      ArrowRight: () => this.act("next"), ArrowLeft: () => this.act("back"), Home: () => this.act("first"), End: () => this.act("last"),
      // As with every slider: page up is forward.
      PageUp: () => { this.pause(false); this.seek(this.t + tenth); }, PageDown: () => { this.pause(false); this.seek(this.t - tenth); },
      " ": () => this.act("play"), f: () => this.followCurrent(),
    }[event.key];
    if (!does || (event.key === " " && event.target.matches("button"))) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }

  drag(event) {
    this.pause(false);
    this.chartCanvas.setPointerCapture(event.pointerId);
    this.chartCanvas.focus({ preventScroll: true });
    const move = (one) => this.seek(this.chart.timeAt(one.clientX - this.chartCanvas.getBoundingClientRect().left), false);
    const stop = () => {
      this.chartCanvas.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.chartCanvas.removeEventListener(name, stop);
      this.tell("t", this.t);
    };
    this.chartCanvas.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.chartCanvas.addEventListener(name, stop);
    move(event);
    event.preventDefault();
  }

  spotOf(event) {
    const box = this.stageBox.getBoundingClientRect();
    return [(event.clientX - box.left) / this.stage.zoom, (event.clientY - box.top) / this.stage.zoom];
  }

  point(event) {
    if (!this.film || this.menu.contains(event.target)) { this.tip.hidden = true; return; }
    const [x, y] = this.spotOf(event), copy = this.stage.messageAt(x, y);
    if (copy !== this.pointed) { this.pointed = copy; this.ask(); }
    const said = copy >= 0 ? this.tellMessage(copy) : this.tellPlace(x, y);
    this.tip.hidden = !said.length || !this.menu.hidden;
    this.stageBox.style.cursor = copy >= 0 ? "pointer" : "";
    if (this.tip.hidden) return;
    this.tip.replaceChildren(...said.map((line, place) => make(place ? "div" : "b", {}, line)));
    this.put(this.tip, x, y);
  }

  put(box, x, y) {
    const wide = this.stageBox.clientWidth;
    const zoom = this.stage.zoom, left = Math.max(6, Math.min(wide - box.offsetWidth - 6, x * zoom + 14));
    box.style.left = `${left}px`;
    box.style.top = `${y * zoom + 18}px`;
  }

  tellMessage(copy) {
    const film = this.film, steps = this.storyOf(copy).filter((step) => step < this.cursor.done);
    const state = film.states[film.leg_state[this.cursor.leg[copy]]] || "";
    const lines = steps.slice(-4).map((step) => {
      const [who, text] = words(film, step);
      return `${timeWords(film, film.step_t[step])}  ${who} ${text}`;
    });
    return [`${messageName(film, copy)}: ${state}`, ...lines];
  }

  storyOf(copy) {
    if (!this.known || this.known.film !== this.film || this.known.copy !== copy) {
      this.known = { film: this.film, copy, steps: stepsOf(this.film, copy) };
    }
    return this.known.steps;
  }

  tellPlace(x, y) {
    const inside = (box) => x >= box.x && x <= box.x + box.w && y >= box.y - 18 && y <= box.y + box.h;
    const { workers, queues, producers } = this.stage.layout, film = this.film;
    for (const box of workers.values()) {
      if (inside({ ...box, y: box.y + 18, h: box.h - 18 })) return [...this.tellWorker(box.code), "Click to crash, hang, slow or restart it."];
    }
    const queue = queues.findIndex(inside);
    if (queue >= 0) return [`queue ${film.queues[queue]}`, `${this.cursor.ready[queue].length} ready; at most ${film.deepest[queue]} in this run`];
    for (const box of producers.values()) {
      if (inside(box)) return [film.actors[box.code].name, `${this.cursor.sent[box.code]} sent, ${this.cursor.waits[box.code].length} waiting to be sent`];
    }
    return [];
  }

  tellWorker(code) {
    const { film, cursor } = this, actor = film.actors[code], holds = cursor.holds[code];
    const busy = holds.find((copy) => film.leg_place[cursor.leg[copy]] === PLACE.AT_WORK);
    const does = busy === undefined ? "idle" : `works on ${messageName(film, busy)}`;
    const rest = holds.length - (busy === undefined ? 0 : 1);
    const status = cursor.status[code];
    return [actor.name, `${status === STATUS.UP ? does : film.statuses[status]}; holds ${rest} more; ${cursor.worked[code]} done`,
      `acknowledges ${actor.ack === "auto" ? "automatically" : actor.ack === "early" ? "before working" : "when done"}; prefetch ${actor.ack === "auto" || !actor.prefetch ? "unlimited" : actor.prefetch}`];
  }

  click(event) {
    if (!this.film || this.menu.contains(event.target)) return;
    const [x, y] = this.spotOf(event), copy = this.stage.messageAt(x, y);
    if (copy >= 0) { this.setFollow(this.follow === copy ? -1 : copy); return; }
    const spot = event.target.closest(".spot");
    if (spot) this.openMenu(Number(spot.dataset.code)); else this.closeMenu();
  }

  setFollow(copy) {
    this.follow = copy;
    this.tell("follow", copy);
    this.listed = null;
    this.ask();
  }

  followCurrent() {
    if (this.follow >= 0) { this.setFollow(-1); return; }
    const step = this.cursor.current, copy = step < 0 ? -1 : copyOf(this.film, step);
    if (copy >= 0) this.setFollow(copy);
  }

  // -- intervening ----------------------------------------------------------------------------------------------------

  openMenu(code) {
    this.pause();
    this.tip.hidden = true;
    const name = this.film.actors[code].name, box = this.stage.layout.workers.get(code);
    const at = this.t, title = make("b", { id: `what-${code}` }, `What if ${name}, at ${timeWords(this.film, at)}, …`);
    this.menu.setAttribute("aria-label", `What if ${name} fails now`);
    const seconds = make("input", { type: "number", min: "0", step: "any", "data-testid": "seconds" });
    const own = this.film.faults.filter((fault) => fault.targets.includes(name));
    const instead = make("input", { type: "checkbox", "data-testid": "instead" });
    const replacing = own.length ? make("label", {}, instead, ` instead of what strikes it anyhow (${own.map((fault) => `${fault.kind} at ${timeWords(this.film, fault.start)}`).join(", ")})`) : "";
    const says = make("p", {}), label = make("label", {}), go = make("button", { type: "button", class: "plain", "data-testid": "rerun" }, "Run with this change");
    const wrong = make("p", { class: "wrong", role: "alert", hidden: true, "data-testid": "wrong" });
    let chosen = "crash";
    const choose = (kind) => {
      chosen = kind;
      for (const one of /** @type {HTMLCollectionOf<HTMLElement>} */ (kinds.children)) one.setAttribute("aria-checked", String(one.dataset.kind === kind));
      says.textContent = KINDS[kind].does;
      label.replaceChildren(`${KINDS[kind].words} `, seconds);
      seconds.placeholder = KINDS[kind].empty;
    };
    const kinds = make("div", { class: "kinds", role: "radiogroup", "aria-label": "What happens" }, ...Object.entries(KINDS).map(([kind, { says: word }]) =>
      make("button", { type: "button", class: "plain", role: "radio", "data-kind": kind, "data-testid": `kind-${kind}`, onclick: () => choose(kind) }, word)));
    const close = make("button", { type: "button", class: "plain", onclick: () => this.closeMenu() }, "Close");
    go.addEventListener("click", () => {
      wrong.textContent = wrongSeconds(seconds);
      wrong.hidden = !wrong.textContent;
      if (wrong.hidden) this.intervene(faultOf(chosen, name, at, seconds.value, instead.checked));
    });
    if (this.model.get("_live")) {
      this.menu.replaceChildren(title, kinds, says, label, replacing, wrong, make("div", { class: "row" }, go, close));
      choose("crash");
    } else {
      this.menu.replaceChildren(title, make("p", {}, "Running the model again needs Python, which this page does not have. In a notebook:"),
        make("code", {}, `result.replay().intervene("crash", "${name}", at=${sixDigits(at)})`), make("div", { class: "row" }, close));
    }
    this.menu.hidden = false;
    this.menuFor = code;
    this.put(this.menu, box.x, box.y + box.h - 12);
    const first = /** @type {HTMLElement | null} */ (this.menu.querySelector(".kinds button"));
    (first ?? close).focus({ preventScroll: true });
    this.page.dataset.menu = name;
  }

  closeMenu() {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    delete this.page.dataset.menu;
    const spot = /** @type {HTMLElement | null} */ (this.spots.querySelector(`[data-code="${this.menuFor}"]`));
    if (spot) spot.focus({ preventScroll: true });
  }

  intervene(fault) {
    this.closeMenu();
    this.say("Running again …");
    this.send({ intervene: fault });
  }

  // Ask the kernel, and say so if none answers: it may have been restarted since the cell ran.
  send(asked) {
    this.model.send(asked);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.say("No kernel answers. It was restarted, or is busy: run this cell again, then try again."), PATIENCE);
  }

  // What the kernel says: that it has heard, or why it can't do what was asked.
  hear(message) {
    clearTimeout(this.waiting);
    if (message.notice !== undefined) this.say(message.notice);
  }

  say(sentence) {
    this.notice.textContent = sentence;
    this.notice.hidden = !sentence;
  }
}
