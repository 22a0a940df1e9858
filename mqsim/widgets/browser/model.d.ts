// For the type checker alone (`npm run check`).

/** What anywidget hands to `render`, or the page's stand-in for it. */
export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(message: unknown): void;
  on(name: string, act: (message: any) => void): void;
  off(name: string, act: (message: any) => void): void;
}
