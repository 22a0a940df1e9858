// The replay itself: holds the time, answers the reader, and tells the kernel.

import { make, themeOf } from "../browser/elements.js";
import { sixDigits } from "../browser/numbers.js";
import { Chart } from "./chart.js";
import { Cursor } from "./cursor.js";
import { copyOf, messageName, openFilm, upTo, words } from "./film.js";
import { MOST_MOVING, Motion } from "./motion.js";
import { buildControls, buildLegend, compareTable, icon, showStory, timeWords } from "./panel.js";
import { lookOf } from "./shapes.js";
import { Stage } from "./stage.js";

const TELL_EVERY = 250;       // milliseconds between two reports of the time while it plays

export class Player {
  /** @param {import("../browser/model").Model} model
   * @param {HTMLElement} host */
  constructor(model, host) {
    this.model = model;
    this.films = [];
    this.which = 0;
    this.t = 0;
    this.playing = false;
    this.follow = -1;
    this.pointed = -1;
    this.told = 0;
    this.fps = 0;
    this.frames = [];
    this.page = make("div", { class: "mqsim-replay mqsim-live", "data-still": model.get("_still"), role: "region", "aria-label": "Replay of a run", "data-testid": "replay",
      "data-lm-suppress-shortcuts": "true" });
    this.build();
    host.append(this.page);
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.page);
    const prefers = (query) => window.matchMedia(query);
    this.less = prefers("(prefers-reduced-motion: reduce)");
    this.dark = prefers("(prefers-color-scheme: dark)");
    this.onless = () => this.fit();
    for (const one of [this.less, this.dark]) one.addEventListener("change", this.onless);
    // JupyterLab names the new theme before it is there, and hides the page for a moment: look again once it is shown.
    this.skin = new MutationObserver(() => { this.fit(); window.setTimeout(() => this.fit(), 400); });
    this.skin.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  }

  build() {
    this.stageBox = make("div", { class: "stage", "data-testid": "stage" });
    this.canvas = make("canvas", { role: "img", "aria-label": "The run, drawn; the list below tells it in words" });
    this.spots = make("div");
    this.tip = make("div", { class: "tip", hidden: true, "data-testid": "tip" });
    this.menu = make("div", { class: "menu", role: "dialog", hidden: true, "data-testid": "menu" });
    this.stageBox.append(this.canvas, this.spots, this.tip, this.menu);
    this.chartCanvas = make("canvas", { role: "slider", tabindex: "0", "aria-label": "Time", "data-testid": "time" });
    this.chart = new Chart(this.chartCanvas);
    this.controls = buildControls((what) => this.act(what));
    this.legendBox = make("div");
    this.now = make("strong", {});
    this.followButton = make("button", { type: "button", class: "plain", "data-testid": "follow" });
    this.story = make("ol", { class: "story", "data-testid": "story", tabindex: "0", "aria-label": "What happens, event by event" });
    this.notice = make("p", { class: "notice", role: "alert", hidden: true, "data-testid": "notice" });
    this.futures = make("div", { class: "futures", hidden: true, "data-testid": "futures" });
    this.live = make("div", { class: "unseen", role: "status", "aria-live": "polite", "data-testid": "live" });
    const head = make("div", { class: "head" }, this.now, this.followButton);
    this.page.append(this.legendBox, this.stageBox, this.chartCanvas, this.controls.bar, this.notice, this.futures,
      make("div", { class: "happens" }, head, this.story), this.live);
    this.followButton.addEventListener("click", () => this.followCurrent());
    this.controls.speed.addEventListener("change", () => this.tell("speed", Number(this.controls.speed.value)));
    this.page.addEventListener("keydown", (event) => this.key(event));
    this.stageBox.addEventListener("pointermove", (event) => this.point(event));
    this.stageBox.addEventListener("pointerleave", () => { this.pointed = -1; this.tip.hidden = true; this.ask(); });
    this.stageBox.addEventListener("click", (event) => this.click(event));
    this.chartCanvas.addEventListener("pointerdown", (event) => this.drag(event));
  }

  get film() { return this.films[this.which]; }

  // -- films ---------------------------------------------------------------------------------------------------------

  async load() {
    const packed = this.model.get("_films"), turn = this.turn = (this.turn || 0) + 1;
    const films = await Promise.all(packed.map((one) => openFilm(one)));
    if (turn !== this.turn) return;     // a later load has overtaken this one
    const first = !this.films.length;
    this.films = films;
    this.show(Math.min(this.model.get("which"), films.length - 1), first);
    this.page.dataset.loaded = String(films.length);
  }

  show(which, first = false) {
    this.which = which;
    const film = this.film;
    this.cursor = new Cursor(film);
    this.motion = new Motion(film);
    this.stage = new Stage(this.canvas, film);
    this.legend = buildLegend(film);
    this.scale = make("li", { class: "scale" });
    this.legend.list.append(this.scale);
    this.legendBox.replaceChildren(this.legend.list);
    this.page.setAttribute("aria-label", `Replay of ${film.name}`);
    if (first) this.offerSpeeds();
    this.story.style.setProperty("--who", `${0.62 * Math.min(24, Math.max(8, ...film.actors.map((one) => one.name.length))) + 1}em`);
    this.showFutures();
    this.fit();
    // At the start nothing has happened yet, so that Play shows the first publish.
    if (this.model.get("t") <= film.start) this.cursorToStart(false); else this.seek(this.model.get("t"), false);
  }

  offerSpeeds() {
    const film = this.film, rough = (film.end - film.start) / 20 || 1;
    const low = Math.floor(Math.log10(rough)), offered = [];
    for (let power = low - 2; power <= low + 2; power++) {
      for (const one of [1, 2, 5]) offered.push(Number((one * 10 ** power).toPrecision(3)));
    }
    const middle = offered.findIndex((one) => one >= rough * 0.999), base = offered[middle];
    offered.splice(middle + 4);
    offered.splice(0, middle - 3);
    const asked = this.model.get("speed");
    if (asked > 0 && !offered.includes(asked)) offered.push(asked);
    offered.sort((a, b) => a - b);
    this.controls.speed.replaceChildren(...offered.map((one) => make("option", { value: one }, `${sixDigits(one)} s a second`)));
    this.controls.speed.value = asked > 0 ? asked : base;
  }

  get speed() { return Number(this.controls.speed.value); }

  showFutures() {
    const many = this.films.length > 1;
    this.futures.hidden = !many;
    if (!many) return;
    const pick = (place) => { this.tell("which", place); this.show(place); };
    const live = this.model.get("_live");
    const choices = this.films.map((film, place) => make("span", { class: "future" }, make("label", {},
      make("input", { type: "radio", name: `future-${this.films.length}`, value: place, checked: place === this.which,
        onchange: () => pick(place) }), ` ${film.label}`),
    place && live ? make("button", { type: "button", class: "plain", "data-testid": `remove-${place}`, "aria-label": `Remove ${film.label}`,
      onclick: () => this.send({ remove: place }) }, "Remove") : ""));
    this.futures.replaceChildren(make("fieldset", {}, make("legend", {}, "On show:"), ...choices), compareTable(this.films, this.model.get("_same")));
  }

  // -- looks ---------------------------------------------------------------------------------------------------------

  fit() {
    const width = this.page.clientWidth;
    if (!this.film || width < 60) return;
    const theme = themeOf(this.model.get("_theme")), ratio = Math.min(3, window.devicePixelRatio || 1);
    const look = lookOf(theme);
    this.page.dataset.theme = theme;
    look.states.forEach((colour, state) => {
      for (const shape of /** @type {NodeListOf<SVGElement>} */ (this.page.querySelectorAll(`.state-${state}`))) shape.style.color = colour;
    });
    this.page.classList.toggle("narrow", width < 620);
    this.motion.still = this.less.matches;
    if (this.motion.still) this.motion.forget();
    this.stage.fit(width, look, ratio);
    this.chart.fit([this.film, ...this.films.filter((one) => one !== this.film)], width, width < 620 ? 104 : 116, look, ratio, this.films[0]);
    this.placeSpots();
    this.ask();
  }

  placeSpots() {
    const boxes = [...this.stage.layout.workers.values()];
    this.spots.replaceChildren(...boxes.map((box) => {
      const name = this.film.actors[box.code].name;
      const spot = make("button", { type: "button", class: "spot", "data-testid": `worker-${name}`, "data-code": box.code,
        "aria-haspopup": "dialog", onclick: (event) => { if (event.detail === 0) { event.stopPropagation(); this.openMenu(box.code); } } });
      const zoom = this.stage.zoom, edges = { left: box.x, top: box.y, width: box.w, height: box.h };
      for (const [edge, value] of Object.entries(edges)) spot.style[edge] = `${value * zoom}px`;
      return spot;
    }));
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame((now) => { this.asked = false; this.frame(now); });
  }

  frame(now) {
    if (!this.film || !this.page.isConnected) return;
    const dt = Math.min(0.1, Math.max(0, (now - (this.last ?? now)) / 1000));
    this.last = now;
    this.advance(dt);
    if (this.playing) {
      this.frames.push(now);
      while (this.frames[0] < now - 1000) this.frames.shift();
      const span = now - this.frames[0];
      this.fps = span > 300 ? (this.frames.length - 1) * 1000 / span : this.fps;
      if (now - this.told > TELL_EVERY) { this.told = now; this.tell("t", this.t); }
    }
    if (this.playing || this.motion.busy || this.calmAt > now) this.ask(); else this.last = null;
  }

  // Let `dt` of the viewer's seconds pass, and draw.
  advance(dt) {
    this.motion.clock += dt;
    if (this.playing) {
      this.t = Math.min(this.film.end, this.t + dt * this.speed);
      this.goTo(upTo(this.film.step_t, this.t), true);
      if (this.t >= this.film.end) this.pause();
    }
    this.stage.draw(this.cursor, this.motion, this.t, dt, this.motion.still, this.follow, this.pointed);
    this.chart.draw(this.t);
    this.mirror();
  }

  goTo(done, seen) {
    const before = this.cursor.done;
    if (!seen) { this.cursor.seek(done); return; }
    this.cursor.seek(done, (leg) => this.motion.take(leg));
    if (this.cursor.done === before) return;
    this.calmAt = performance.now() + 400;
    const film = this.film, changes = film.firstChange[this.cursor.done];
    if (this.playing && changes > film.firstChange[before]) this.announce(film.change_step[changes - 1]);
  }

  seek(t, tell = true) {
    const film = this.film;
    this.t = Math.max(film.start, Math.min(film.end, t));
    this.goTo(upTo(film.step_t, this.t), false);
    this.motion.jump(this.cursor, this.t);
    this.stage.spots.clear();
    this.settle(tell);
  }

  // Stepping back settles what was under way: a step undone was never seen.
  step(by) {
    this.pause(false);
    const film = this.film, cursor = this.cursor;
    if (by > 0) {
      let to = cursor.done;
      while (to < film.steps && !film.step_told[to]) to++;
      if (to >= film.steps) { this.seek(film.end); return; }
      this.t = film.step_t[to];
      this.goTo(to + 1, true);
    } else {
      let to = cursor.current;
      if (to < 0) { this.seek(film.start); return; }
      while (to > 0 && !film.step_told[to - 1]) to--;
      cursor.seek(to);
      const now = cursor.current;
      this.t = now >= 0 ? film.step_t[now] : film.start;
      this.motion.jump(cursor, this.t);
    }
    this.settle();
  }

  settle(tell = true) {
    this.calmAt = performance.now() + 400;
    if (tell) this.tell("t", this.t);
    this.announce();
    this.ask();
  }

  play() {
    if (this.t >= this.film.end) this.cursorToStart(false);
    this.playing = true;
    this.frames = [];
    this.last = null;
    this.afterPlaying();
  }

  pause(tell = true) {
    if (!this.playing) return;
    this.playing = false;
    this.afterPlaying();
    if (tell) { this.tell("t", this.t); this.announce(); }
  }

  afterPlaying() {
    const button = this.controls.play, name = this.playing ? "Pause" : "Play";
    button.innerHTML = icon(name.toLowerCase());
    button.setAttribute("aria-label", name);
    button.title = `${name} (space)`;
    this.tell("playing", this.playing);
    this.ask();
  }

  tell(name, value) {
    if (this.model.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  // -- words and mirrors ---------------------------------------------------------------------------------------------

  // Say what happened last: at each move of the reader's, and while it plays when an actor fails or recovers.
  announce(step = this.cursor.current) {
    const said = step < 0 ? "the start" : words(this.film, step).join(" ");
    this.live.textContent = `${timeWords(this.film, this.t)}: ${said}`;
  }

  list() {
    const { film, cursor } = this, current = cursor.current;
    if (this.listed === current && this.listedFilm === film) return;
    this.listed = current;
    this.listedFilm = film;
    const copy = this.follow >= 0 && this.follow < film.copies ? this.follow : -1;
    let shown;
    if (copy >= 0) {
      shown = this.storyOf(copy);
      const at = upTo(shown, current) - 1;
      shown = shown.slice(Math.max(0, at - 20), Math.max(0, at - 20) + 60);
    } else {
      shown = [];
      for (let step = current; step >= 0 && shown.length < 3; step--) if (film.step_told[step]) shown.unshift(step);
      for (let step = current + 1; step < film.steps && shown.length < 5; step++) if (film.step_told[step]) shown.push(step);
    }
    showStory(this.story, film, shown, copy >= 0 ? Math.max(...shown.filter((step) => step <= current), -1) : current, (step) => this.jumpTo(step));
    const lines = /** @type {HTMLElement[]} */ ([...this.story.children]), at = lines.findIndex((line) => line.classList.contains("now"));
    if (at >= 0) this.story.scrollTop = lines[Math.max(0, at - 2)].offsetTop - lines[0].offsetTop;
    const about = current < 0 ? -1 : copyOf(film, current);
    this.now.textContent = copy >= 0 ? `The story of ${messageName(film, copy)}` : "What happens";
    this.followButton.hidden = copy < 0 && about < 0;
    this.followButton.textContent = copy >= 0 ? "Follow none" : about >= 0 ? `Follow ${messageName(film, about)}` : "";
  }

  jumpTo(step) {
    this.pause(false);
    this.t = this.film.step_t[step];
    this.goTo(step + 1, false);
    this.motion.jump(this.cursor, this.t);
    this.settle();
  }

  mirror() {
    const { film, cursor, t } = this, count = cursor.count, data = this.page.dataset;
    this.list();
    const note = this.motion.unseen ? `Not to scale; at most ${MOST_MOVING.toLocaleString("en")} dots move at once.`
      : "Travel is drawn slowly: not to scale.";
    if (this.scale.textContent !== note) this.scale.textContent = note;
    for (const [key, value] of Object.entries(this.legend.counts)) {
      const shown = count[key].toLocaleString("en");
      if (value.textContent !== shown) value.textContent = shown;
    }
    const clock = `${timeWords(film, t)} of ${timeWords(film, film.end)}`;
    if (this.controls.clock.textContent !== clock) {
      this.controls.clock.textContent = clock;
      const slider = { "aria-valuemin": film.start, "aria-valuemax": film.end, "aria-valuenow": t, "aria-valuetext": clock };
      for (const [name, value] of Object.entries(slider)) this.chartCanvas.setAttribute(name, value);
    }
    Object.assign(data, { t, step: cursor.current, playing: this.playing, which: this.which, follow: this.follow, speed: this.speed,
      fps: this.fps.toFixed(1), moving: this.stage.moving, depth: JSON.stringify(cursor.ready.map((list) => list.length)),
      ...Object.fromEntries(Object.entries(count)) });
    for (const spot of /** @type {HTMLCollectionOf<HTMLElement>} */ (this.spots.children)) {
      const said = `${this.tellWorker(Number(spot.dataset.code)).join(": ")}. Press to make it crash, hang, slow down or restart.`;
      if (!this.playing && spot.getAttribute("aria-label") !== said) spot.setAttribute("aria-label", said);
    }
  }

  end() {
    this.playing = false;
    this.sizes.disconnect();
    this.skin.disconnect();
    for (const one of [this.less, this.dark]) one.removeEventListener("change", this.onless);
  }
}
