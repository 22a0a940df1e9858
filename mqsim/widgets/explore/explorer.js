// The explorer in the page: sends wishes, shows what is said at once, draws what is simulated.

import { make, themeOf } from "../browser/elements.js";
import { fourDigits } from "../browser/numbers.js";
import { ENDINGS, PAPERS } from "../browser/palette.js";
import { makeControl } from "./controls.js";
import { hatched, Painter } from "./drawing.js";

const PATIENCE = 4000; // milliseconds without any answer until the reader is told

function asFloats(view) {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new Float32Array(bytes);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function valued(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "%") return `${fourDigits(value * 100)} %`;
  return unit ? `${fourDigits(value)} ${unit}` : fourDigits(value);
}

function differs(simulated, theory) {
  if (simulated === null || theory === null || simulated === undefined || theory === undefined || theory === 0) return "";
  const off = (simulated / theory - 1) * 100;
  if (Math.abs(off) < 0.05) return "0 %";
  return `${off > 0 ? "+" : "−"}${Math.abs(off) >= 999.5 ? ">999" : Math.abs(off).toPrecision(2).replace(/\.0$/, "").replace(/e.*/, "")} %`;
}

class Page {
  /** @param {import("../browser/model").Model} model
   * @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    /** @type {Painter | undefined} */
    this.painter = undefined;
    this.asked = new Map(); // wish -> when its control was turned
    this.root = make("section", { class: "mq-explore mqsim-live", "data-still": model.get("_still"), "data-testid": "mq-explore", "aria-label": `Explorer: ${model.get("title")}` });
    // A notebook has commands of its own on letters and arrows.
    this.root.dataset.lmSuppressShortcuts = "true";
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    el.append(this.root);
    this.build();
    this.stop = new AbortController();
    const redraw = () => this.draw();
    this.sizes = new ResizeObserver(redraw);
    this.sizes.observe(this.frame);
    // A notebook takes cells out of sight off the page: what changed meanwhile is drawn when they come back.
    this.sights = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) redraw(); });
    this.sights.observe(this.frame);
    this.themes = new MutationObserver(redraw);
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal: this.stop.signal });
    const listen = { wish: () => this.turnControls(), said: () => this.say(), shown: () => this.show(), progress: () => this.tellProgress() };
    for (const [name, call] of Object.entries(listen)) model.on(`change:${name}`, call);
    this.leave = () => {
      for (const [name, call] of Object.entries(listen)) model.off(`change:${name}`, call);
      this.stop.abort();
      this.sizes.disconnect();
      this.sights.disconnect();
      this.themes.disconnect();
    };
    this.turnControls();
    this.say();
    this.show();
  }

  build() {
    const { model, root } = this;
    this.controls = new Map();
    const controls = make("div", { class: "controls", role: "group", "aria-label": "What to vary" });
    for (const control of model.get("controls")) {
      const made = makeControl(control, (value) => this.turned(control.name, value));
      this.controls.set(control.name, made);
      controls.append(made.element);
    }
    this.reset = make("button", { type: "button", onclick: () => this.wish(this.start()) }, "Reset");
    controls.append(make("div", { class: "row" }, this.reset));
    this.status = make("p", { class: "status", "data-testid": "status" });
    this.bar = make("progress", { max: 1, "aria-label": "simulated so far", hidden: "" });
    this.problem = make("p", { class: "problem", role: "alert", hidden: "", "data-testid": "problem" });
    this.canvas = make("canvas", { role: "img" });
    this.cross = make("div", { class: "cross", hidden: "" });
    this.frame = make("div", { class: "frame" }, this.canvas, this.cross);
    this.frame.addEventListener("pointermove", (event) => this.point(event));
    this.frame.addEventListener("pointerleave", () => this.point(null));
    this.readout = make("p", { class: "readout", "aria-hidden": "true" });
    this.legend = make("p", { class: "legend" });
    const picture = make("div", { class: "picture" }, make("div", { class: "row" }, this.status, this.bar), this.problem, this.frame, this.readout, this.legend);
    this.numbers = make("div", { class: "numbers", "data-testid": "numbers" });
    this.live = make("p", { class: "unseen", "aria-live": "polite" });
    root.append(make("div", { class: "desk" },
      make("div", { class: "side" }, controls, this.more()), make("div", { class: "main" }, picture, this.numbers)), this.live);
  }

  more() {
    this.code = make("pre", { tabindex: 0, "aria-label": "The scenario on show, as YAML" });
    this.copies = [["Copy YAML", "yaml"], ["Copy Python", "python"]].map(([words, kind]) => {
      const button = make("button", { type: "button", "data-copy": kind }, words);
      button.addEventListener("click", async () => {
        await copyText(this.model.get("said")[kind]);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = words; }, 1500);
      });
      return button;
    });
    this.table = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The picture as a table" });
    this.tableBox = make("details", { ontoggle: () => this.tabulate() }, make("summary", {}, "The picture as a table"), this.table);
    return make("div", { class: "more" },
      make("div", { class: "row" }, ...this.copies),
      make("details", {}, make("summary", {}, "The scenario on show"), this.code),
      this.tableBox);
  }

  // -- wishes ------------------------------------------------------------------------------------------------

  start() {
    return Object.fromEntries(this.model.get("controls").map((control) => [control.name, control.start]));
  }

  turned(name, value) {
    this.wish({ ...this.model.get("wish").values, [name]: value });
  }

  wish(values) {
    const turn = Math.max(this.model.get("wish").turn, this.model.get("said").turn) + 1;
    this.asked.set(turn, performance.now());
    this.model.set("wish", { turn, values });
    this.model.save_changes();
    this.root.dataset.wish = String(turn);
    this.tellStatus();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      if (this.model.get("said").turn < turn) this.silent();
    }, PATIENCE);
  }

  silent() {
    this.status.textContent = "No kernel answers: the picture stays as it was. Run the notebook's cells to go on.";
    this.root.classList.remove("waits");
  }

  turnControls() {
    const { values } = this.model.get("wish");
    for (const [name, control] of this.controls) control.show(values[name]);
  }

  // -- answers -----------------------------------------------------------------------------------------------

  say() {
    const said = this.model.get("said");
    this.problem.hidden = !said.problem;
    this.problem.textContent = said.problem;
    this.root.classList.toggle("wrong", Boolean(said.problem));
    this.code.textContent = said.yaml;
    this.tellStatus();
    this.tellNumbers();
    this.draw();
    const asked = this.asked.get(said.turn);
    if (asked !== undefined) this.root.dataset.saidMs = (performance.now() - asked).toFixed(1);
    this.root.dataset.said = said.turn;
  }

  show() {
    const shown = this.model.get("shown");
    if (!shown.drawn) return;
    this.floats = asFloats(shown.drawn);
    this.bar.hidden = true;
    this.tellStatus();
    this.tellNumbers();
    this.draw();
    this.tellLegend();
    this.tabulate();
    const asked = this.asked.get(shown.turn);
    for (const turn of this.asked.keys()) if (turn <= shown.turn) this.asked.delete(turn);
    // The second frame begins when the first has been painted.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (asked !== undefined) this.root.dataset.shownMs = (performance.now() - asked).toFixed(1);
      this.root.dataset.shown = shown.turn;
    }));
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => { this.live.textContent = `${this.status.textContent} ${this.sentence()}`; }, 700);
  }

  tellProgress() {
    const { turn, share } = this.model.get("progress");
    if (turn !== this.model.get("wish").turn) return;
    this.bar.hidden = false;
    this.bar.value = share;
    this.status.textContent = `simulating … ${Math.round(share * 100)} %`;
  }

  tellStatus() {
    const [wish, said, shown] = ["wish", "said", "shown"].map((name) => this.model.get(name));
    const waits = shown.turn !== wish.turn && !(said.turn === wish.turn && said.problem);
    this.root.classList.toggle("waits", waits);
    if (waits) {
      this.status.textContent = "simulating …";
      return;
    }
    this.bar.hidden = true;
    const seconds = shown.seconds === null ? "" : shown.seconds < 10 ? shown.seconds.toPrecision(2) : Math.round(shown.seconds);
    const fates = shown.fates.slice(1).map(([name, count]) => `${count.toLocaleString("en")} ${name}`).join(", ");
    this.status.replaceChildren(make("b", {}, `${shown.messages.toLocaleString("en")} messages${seconds === "" ? "" : `, simulated in ${Number(seconds)} s`}`), fates ? `: ${fates}` : "");
  }

  tellNumbers() {
    const said = this.model.get("said");
    const { numbers = {} } = this.model.get("shown");
    const parts = said.theory.map((part) => {
      const head = make("tr", {}, ...["", "simulated", "theory", "differs by"].map((words) => make("th", { scope: "col" }, words)));
      const body = part.rows.map((row) => {
        const simulated = numbers[`${part.queue}/${row.quantity}`];
        return make("tr", { "data-quantity": row.quantity },
          make("th", { scope: "row" }, row.label),
          make("td", { class: "simulated" }, valued(simulated, row.unit)),
          make("td", { class: "theory" }, valued(row.theory, row.unit)),
          make("td", {}, differs(simulated, row.theory)));
      });
      const label = { exact: "exact", approximate: "approximate", none: "no formula fits" }[part.fit];
      const model = make("p", { class: "model" }, make("span", { class: `fit ${part.fit}` }, label), ` ${part.model ? `${part.model}. ` : ""}${part.why}`);
      return make("div", { class: "part", "data-queue": part.queue },
        make("table", {}, make("caption", {}, part.queue ? `Queue ${part.queue}` : "The whole"), make("thead", {}, head), make("tbody", {}, ...body)), model);
    });
    this.numbers.replaceChildren(...parts);
  }

  // -- the picture -------------------------------------------------------------------------------------------

  draw() {
    const theme = themeOf(this.model.get("theme"));
    this.root.dataset.theme = theme;
    const { about } = this.model.get("shown");
    const width = Math.floor(this.frame.clientWidth);
    if (!this.floats || !width) return;
    const first = !this.painter;
    this.painter ??= new Painter(this.canvas);
    this.painter.paint(about, this.floats, this.meanDepths(), theme, width);
    this.canvas.setAttribute("aria-label", this.sentence());
    if (first) { this.tellLegend(); this.tabulate(); }
  }

  meanDepths() {
    const found = {};
    for (const part of this.model.get("said").theory) {
      const depth = part.rows.find((row) => row.quantity === "depth.mean");
      if (part.queue && depth && depth.theory !== null) found[part.queue] = depth.theory;
    }
    return found;
  }

  sentence() {
    const { about } = this.model.get("shown");
    const queues = about.queues.map((queue) => `${queue.name} up to ${queue.top}`).join("; ");
    const lanes = about.lanes.map((lane) => `${lane.name} ${Math.round(lane.busy * 100)} %`).join(", ");
    const faults = about.faults.map(([start, , name]) => `${name} at ${fourDigits(start)} s`).slice(0, 5).join(", ");
    return `Messages ready over ${fourDigits(about.end - about.start)} s: ${queues}. Busy: ${lanes || "no workers"}.${faults ? ` Faults: ${faults}.` : ""}`;
  }

  tellLegend() {
    if (!this.painter) return;      // the page has no width yet: what is drawn then brings its legend along
    const { about } = this.model.get("shown");
    const theme = PAPERS[themeOf(this.model.get("theme"))];
    const seen = new Set();
    for (const lane of about.lanes) if (lane.bars) this.painter.row(lane.bars).forEach((code, k) => { if (k % 3 === 2) seen.add(code); });
    const keys = [...seen].sort().map((code) => {
      const swatch = make("canvas", { width: 32, height: 20, "aria-hidden": "true" });
      const pen = swatch.getContext("2d");
      pen.fillStyle = hatched(pen, code, theme, 2);
      pen.fillRect(0, 0, 32, 20);
      return make("span", { class: "key" }, swatch, ENDINGS[code].label);
    });
    const plain = (kind, words) => make("span", { class: "key" }, make("span", { class: `swatch ${kind}`, "aria-hidden": "true" }, kind === "died" ? "✕" : ""), words);
    if (about.window !== null) keys.push(make("span", { class: "key" }, `A lane's height: the share of each ${fourDigits(about.window)} s spent working.`));
    if (about.queues.length > 1 && Object.keys(this.meanDepths()).length) keys.push(make("span", {}, "Dashed: the mean depth by theory."));
    if (about.crashes.length) keys.push(plain("died", "crash"));
    if (about.lanes.some((lane) => lane.down[1])) keys.push(plain("down", "not running"));
    if (about.faults.length) keys.push(plain("fault", "fault"));
    if (about.more_lanes) keys.push(make("span", {}, `The first ${about.lanes.length} of ${about.lanes.length + about.more_lanes} workers.`));
    if (about.more_queues) keys.push(make("span", {}, `The ${about.queues.length} deepest of ${about.queues.length + about.more_queues} queues.`));
    this.legend.replaceChildren(...keys);
  }

  point(event) {
    const { about } = this.model.get("shown");
    const place = this.painter?.place;
    const x = event && event.clientX - this.frame.getBoundingClientRect().left;
    const inside = event && place && x >= place.left && x < place.left + place.span;
    this.cross.hidden = !inside;
    this.readout.textContent = "";
    if (!inside) return;
    this.cross.style.left = `${x}px`;
    const share = (x - place.left) / place.span;
    const depths = about.queues.map((queue) => {
      const column = Math.min(queue.least[1] - 1, Math.floor(share * queue.least[1]));
      const [low, high] = [queue.least, queue.greatest].map((row) => this.painter.row(row)[column]);
      return `${queue.name} ${low === high ? fourDigits(low) : `${fourDigits(low)} to ${fourDigits(high)}`} ready`;
    });
    this.readout.textContent = `at ${fourDigits(about.start + share * (about.end - about.start))} s: ${depths.join(", ")}`;
  }

  tabulate() {
    if (!this.tableBox.open || !this.painter) return;
    const { about } = this.model.get("shown");
    const count = 12;
    const length = about.end - about.start;
    const heads = ["time (s)", ...about.queues.map((queue) => `ready in ${queue.name}`)];
    const rows = Array.from({ length: count }, (_, k) => {
      const cells = about.queues.map((queue) => {
        const [first, last] = [k, k + 1].map((edge) => Math.floor((edge * queue.least[1]) / count));
        const low = Math.min(...this.painter.row(queue.least).subarray(first, last));
        const high = Math.max(...this.painter.row(queue.greatest).subarray(first, last));
        return `${fourDigits(low)} to ${fourDigits(high)}`;
      });
      return [`${fourDigits(about.start + (k * length) / count)} to ${fourDigits(about.start + ((k + 1) * length) / count)}`, ...cells];
    });
    const workers = about.lanes.map((lane) => [lane.name, lane.worked.toLocaleString("en"), `${fourDigits(lane.busy * 100)} %`]);
    const grid = (caption, head, lines) => make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map((words) => make("th", { scope: "col" }, words)))),
      make("tbody", {}, ...lines.map(([first, ...cells]) => make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", {}, cell))))));
    this.table.replaceChildren(grid("Messages ready, least to greatest", heads, rows), grid("Workers", ["worker", "stretches of work", "busy"], workers));
  }
}

export default {
  render({ model, el }) {
    const page = new Page(model, el);
    return () => page.leave();
  },
};
