// Elements of the page, and whether it is light or dark.

/**
 * An element with attributes (`class`, `aria-label` …), listeners (`onclick` …) and what stands in it. An attribute
 * that is false, null or undefined is left out; `html` is what stands in it as HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes
 * @param {(Node | string)[]} inside
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside);
  return made;
}

/**
 * As wanted, else as the notebook is, else as the reader's system has it.
 * @param {"light" | "dark" | "" | null} wanted
 * @returns {"light" | "dark"}
 */
export function themeOf(wanted) {
  if (wanted) return wanted;
  const { body, documentElement } = document;
  const lab = body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-dark") || documentElement.getAttribute("theme") === "dark") return "dark";
  if (body.classList.contains("vscode-light")) return "light";
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
