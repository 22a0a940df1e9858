// A question, and a place for the reader's guess. The kernel keeps the guess; nothing waits for it.

import { make, themeOf } from "../browser/elements.js";

let questionCount = 0;

function render({ model, el }) {
  questionCount += 1;
  const name = `mq-predict-${questionCount}`;
  const options = model.get("options");
  const hold = (value) => {
    model.set("held", value);
    model.save_changes();
  };
  const kept = make("p", { class: "kept", role: "status" });
  const inputs = options.map((words, place) => make("input", {
    type: "radio", name, id: `${name}-${place}`, value: place, onchange: () => hold(place),
  }));
  let field = null;
  let button = null;
  let ask;
  if (options.length) {
    ask = make("div", { class: "options" }, ...options.map((words, place) => make("label", { for: `${name}-${place}` }, inputs[place], words)));
  } else {
    field = make("input", { type: "number", step: "any", id: name, "aria-label": model.get("question"), autocomplete: "off" });
    const keep = () => { if (field.value !== "" && Number.isFinite(field.valueAsNumber)) hold(field.valueAsNumber); };
    // Notebooks bind Enter and letters to commands of their own.
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); keep(); } event.stopPropagation(); });
    button = make("button", { type: "button", onclick: keep }, "Keep my guess");
    ask = make("div", { class: "options" }, field, model.get("unit"), button);
  }
  const legend = make("legend", {}, make("b", {}, "Before you read on: "), model.get("question"));
  const root = make("fieldset", { class: "mq-predict mqsim-live", "data-still": model.get("_still"), "data-testid": "mq-predict" }, legend, ask, kept);
  el.append(root);

  const show = () => {
    const held = model.get("held");
    const answer = model.get("answer");
    root.dataset.theme = themeOf(model.get("theme"));
    inputs.forEach((input, place) => {
      input.checked = held === place;
      input.disabled = Boolean(answer);
    });
    if (field) {
      if (held !== null && document.activeElement !== field) field.value = held;
      if (held === null && !answer) field.value = "";
      for (const each of [field, button]) each.disabled = Boolean(answer);
    }
    const guess = held === null ? "" : `Your guess is kept: ${options.length ? options[held] : `${held} ${model.get("unit")}`.trim()}.`;
    kept.textContent = answer || guess;
    root.classList.toggle("revealed", Boolean(answer));
    root.dataset.held = held === null ? "" : held;
  };
  const themes = new MutationObserver(show);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  model.on("change:held", show);
  model.on("change:answer", show);
  show();
  return () => {
    themes.disconnect();
    model.off("change:held", show);
    model.off("change:answer", show);
  };
}

export default { render };
