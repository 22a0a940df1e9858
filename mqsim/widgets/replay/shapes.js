// What a message looks like in each state: a shape and a colour, each enough by itself.

import { BLUE, GREEN, HUES, ORANGE, PAPERS, PURPLE, SKY, VERMILLION } from "../browser/palette.js";
import { STATE } from "./film.js";

export const FULL = 2 * Math.PI;

// Colours on light or on dark paper; `states` are in the order of STATE.
export function lookOf(theme) {
  const paper = PAPERS[theme];
  return { ...paper, hues: HUES, shade: `${VERMILLION}26`,
    states: [BLUE, SKY, ORANGE, PURPLE, VERMILLION, GREEN, paper.soft] };
}

function path(ctx, state, x, y, r) {
  ctx.beginPath();
  switch (state) {
    case STATE.UNACKNOWLEDGED: ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72); break;
    case STATE.REDELIVERED:
      ctx.moveTo(x, y - r * 1.12); ctx.lineTo(x + r * 1.08, y + r * 0.82); ctx.lineTo(x - r * 1.08, y + r * 0.82);
      ctx.closePath(); break;
    case STATE.DEAD_LETTERED:
      ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.2, y); ctx.lineTo(x, y + r * 1.2); ctx.lineTo(x - r * 1.2, y);
      ctx.closePath(); break;
    case STATE.LOST:
      ctx.moveTo(x - r * 0.8, y - r * 0.8); ctx.lineTo(x + r * 0.8, y + r * 0.8);
      ctx.moveTo(x + r * 0.8, y - r * 0.8); ctx.lineTo(x - r * 0.8, y + r * 0.8); break;
    case STATE.GONE: ctx.moveTo(x - r, y); ctx.lineTo(x + r, y); break;
    case STATE.ACKNOWLEDGED: ctx.arc(x, y, r * 0.78, 0, FULL); break;
    default: ctx.arc(x, y, r, 0, FULL);
  }
}

function drawShape(ctx, look, state, x, y, r) {
  path(ctx, state, x, y, r);
  const colour = look.states[state];
  if (state === STATE.LOST || state === STATE.GONE || state === STATE.ACKNOWLEDGED) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = Math.max(2, r * 0.52);
    ctx.lineCap = "round";
    ctx.stroke();
    ctx.lineCap = "butt";
  } else {
    ctx.fillStyle = colour;
    ctx.fill();
    ctx.strokeStyle = look.paper;
    ctx.lineWidth = 1;
    ctx.stroke();
  }
}

// Each shape is drawn once and then copied: 60 pictures a second of a thousand dots.
export class Stamps {
  constructor(look, ratio) {
    this.ratio = ratio;
    this.size = 20;
    this.images = look.states.map((_, state) => {
      const image = document.createElement("canvas");
      image.width = image.height = Math.ceil(this.size * ratio);
      const ctx = image.getContext("2d");
      ctx.scale(ratio, ratio);
      drawShape(ctx, look, state, this.size / 2, this.size / 2, 6);
      return image;
    });
  }

  put(ctx, state, x, y) {
    ctx.drawImage(this.images[state], x - this.size / 2, y - this.size / 2, this.size, this.size);
  }
}

// The same shape as SVG, for the legend.
export function shapeAsSvg(state) {
  const shapes = {
    [STATE.READY]: '<circle cx="8" cy="8" r="6"/>',
    [STATE.UNACKNOWLEDGED]: '<rect x="2.8" y="2.8" width="10.4" height="10.4"/>',
    [STATE.REDELIVERED]: '<path d="M8 1.3 14.5 13H1.5Z"/>',
    [STATE.DEAD_LETTERED]: '<path d="M8 .8 15.2 8 8 15.2.8 8Z"/>',
    [STATE.LOST]: '<path class="line" d="M3 3 13 13M13 3 3 13"/>',
    [STATE.ACKNOWLEDGED]: '<circle class="line" cx="8" cy="8" r="4.8"/>',
    [STATE.GONE]: '<path class="line" d="M2 8h12"/>',
  };
  return `<svg class="shape state-${state}" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">${shapes[state]}</svg>`;
}
