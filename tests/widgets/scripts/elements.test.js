// Whether a page is light or dark, by what a notebook or a system says. The document is a stand-in of a few fields.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { make, themeOf } from "../../../mqsim/widgets/browser/elements.js";

function pageOf({ lab = undefined, classes = [], colab = null, dark = false } = {}) {
  globalThis.document = {
    body: { dataset: { jpThemeLight: lab }, classList: { contains: (name) => classes.includes(name) } },
    documentElement: { getAttribute: (name) => (name === "theme" ? colab : null) },
    createElement: (tag) => {
      const attributes = {}, listeners = {}, inside = [];
      return { tag, attributes, listeners, inside,
        setAttribute: (name, value) => { attributes[name] = value; },
        addEventListener: (name, act) => { listeners[name] = act; },
        append: (...parts) => inside.push(...parts) };
    },
  };
  globalThis.window = { matchMedia: () => ({ matches: dark }) };
}

afterEach(() => {
  delete globalThis.document;
  delete globalThis.window;
});

for (const [says, page, theme] of [
  ["JupyterLab, light, on a dark system", { lab: "true", dark: true }, "light"],
  ["JupyterLab, dark", { lab: "false" }, "dark"],
  ["VS Code, dark", { classes: ["vscode-dark"] }, "dark"],
  ["VS Code, light, on a dark system", { classes: ["vscode-light"], dark: true }, "light"],
  ["Colab, dark", { colab: "dark" }, "dark"],
  ["nobody, on a dark system", { dark: true }, "dark"],
  ["nobody, on a light system", {}, "light"],
]) {
  test(`the theme: ${says}`, () => {
    pageOf(page);
    assert.equal(themeOf(""), theme);
    assert.equal(themeOf("dark"), "dark");
    assert.equal(themeOf("light"), "light");
  });
}

test("an element takes attributes, listeners and what stands in it; what is false, null or undefined is left out", () => {
  pageOf();
  const press = () => {};
  const made = make("button", { class: "a", hidden: true, title: "", value: 0, disabled: false, id: null, name: undefined, onclick: press }, "go");
  assert.deepEqual(made.attributes, { class: "a", hidden: "", title: "", value: 0 });
  assert.deepEqual(made.listeners, { click: press });
  assert.deepEqual(made.inside, ["go"]);
});
