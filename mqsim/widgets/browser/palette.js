// The palette of mqsim/viz/palette.py, made by `python -m tests.widgets.palette_script --write`.

export const PAPERS = {
  "light": {
    "paper": "#fdfdfc",
    "ink": "#1c2024",
    "soft": "#565d65",
    "faint": "#d9dcdf",
    "line": "#8b929a",
    "down": "#e3e5e8",
    "card": "#f4f5f6",
    "good": "#00704f",
    "warn": "#8a5a00",
    "bad": "#b34700",
    "link": "#005a8f"
  },
  "dark": {
    "paper": "#16191d",
    "ink": "#e8eaec",
    "soft": "#a9b0b7",
    "faint": "#3b4148",
    "line": "#757d86",
    "down": "#2f353c",
    "card": "#1f2429",
    "good": "#4fc9a2",
    "warn": "#e9b44c",
    "bad": "#ff9a57",
    "link": "#7cc4f0"
  }
};
export const BLUE = "#0072B2";
export const ORANGE = "#E69F00";
export const GREEN = "#009E73";
export const VERMILLION = "#D55E00";
export const SKY = "#56B4E9";
export const PURPLE = "#CC79A7";
export const HUES = [
  "#0072B2",
  "#E69F00",
  "#009E73",
  "#CC79A7",
  "#56B4E9"
];
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
export const ENDINGS = [
  {
    "face": "#0072B2",
    "hatch": "",
    "label": "worked to the end"
  },
  {
    "face": "#56B4E9",
    "hatch": "..",
    "label": "still at work at the end"
  },
  {
    "face": "#E69F00",
    "hatch": "//",
    "label": "not acknowledged, back to the queue"
  },
  {
    "face": "#CC79A7",
    "hatch": "\\\\",
    "label": "refused for good"
  },
  {
    "face": "#D55E00",
    "hatch": "xx",
    "label": "lost"
  }
];
