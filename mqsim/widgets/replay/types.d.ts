// What the replay's scripts hand to each other, for the type checker (`npm run check`). Nothing of this reaches the browser.

import type { PLACE } from "./film.js";
import type { Cursor } from "./cursor.js";
import type { Motion } from "./motion.js";

/** Who takes part, as film.py packs it; a code is a place in `Film.actors`. */
export interface Actor {
  name: string;
  group: string;
  side: "left" | "right" | "";
  ack: string;
  prefetch: number;
  queue: string;
}

export interface Fault {
  kind: string;
  targets: string[];
  start: number;
  end: number | null;
  words: string;
}

export type Place = (typeof PLACE)[keyof typeof PLACE];

/** A run to be shown: the header and columns of film.py, and what `link` in film.js finds out about them. */
export interface Film {
  name: string;
  label: string;
  profile: string;
  start: number;
  end: number;
  stopped: number;
  complete: boolean;
  actors: Actor[];
  queues: string[];
  exchanges: { name: string; type: string }[];
  faults: Fault[];
  events: Record<number, [who: string, what: string]>;
  numbers: Record<string, number | null>;
  states: string[];
  statuses: string[];

  step_t: Float64Array;
  step_what: Uint8Array;
  step_row: Int32Array;
  step_told: Uint8Array;
  leg_step: Int32Array;
  leg_copy: Int32Array;
  leg_place: Uint8Array;
  leg_at: Int32Array;
  leg_state: Uint8Array;
  leg_travel: Float32Array;
  leg_delivery: Int32Array;
  change_step: Int32Array;
  change_actor: Int32Array;
  change_status: Uint8Array;
  message_producer: Int32Array;
  message_number: Int32Array;
  message_queue: Int32Array;
  message_origin: Int32Array;
  message_parent: Int32Array;
  message_priority: Int32Array;
  delivery_copy: Int32Array;
  delivery_attempt: Int32Array;
  delivery_consumer: Int32Array;
  delivery_how: Int32Array;
  delivery_started: Float64Array;
  delivery_work: Float64Array;
  delivery_counted: Uint8Array;
  event_copy: Int32Array;
  depth_t: Float64Array;
  depth_ready: Int32Array;
  depth_edges: Int32Array;

  steps: number;
  copies: number;
  before: Int32Array;
  publishes: Uint8Array;
  rank: Float64Array;
  firstLeg: Int32Array;
  firstChange: Int32Array;
  longest: number;
  used: Set<number>;
  ever: Set<number>;
  served: Map<number, Set<number>>;
  takes: Map<number, Set<number>>;
  feeds: Map<number, Set<number>>;
  deepest: number[];
  several: boolean;
}

/** Colours on one paper. */
export interface Look {
  paper: string;
  ink: string;
  soft: string;
  faint: string;
  line: string;
  down: string;
  card: string;
  bad: string;
  shade: string;
  hues: string[];
  states: string[];
}

export interface Spot {
  x: number;
  y: number;
}

// `Reader` gives these to the player, and `Stage` to the scenery.
declare module "./player.js" {
  interface Player {
    act(what: string): void;
    followCurrent(): void;
    cursorToStart(tell?: boolean): void;
    send(asked: { intervene: object } | { remove: number }): void;
    key(event: KeyboardEvent): void;
    point(event: PointerEvent): void;
    click(event: MouseEvent): void;
    drag(event: PointerEvent): void;
    openMenu(code: number): void;
    storyOf(copy: number): number[];
    tellWorker(code: number): string[];
  }
}

declare module "./scenery.js" {
  interface Scenery {
    cursor: Cursor;
    motion: Motion;
    crowd: boolean;
    t: number;
    resident(copy: number, spot: Spot, unseen?: boolean): void;
  }
}
