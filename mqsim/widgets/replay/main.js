// What anywidget calls: joins a player to the model that the kernel shares.

import { Reader } from "./reader.js";

function render({ model, el }) {
  const player = new Reader(model, el);
  const changes = {
    _films: () => { player.hear({}); player.load().then(() => player.say("")); },
    _same: () => { if (player.film) player.showFutures(); },
    which: () => { if (player.film && model.get("which") !== player.which && model.get("which") < player.films.length) player.show(model.get("which")); },
    t: () => { if (player.film && !player.playing && model.get("t") !== player.t) player.seek(model.get("t"), false); },
    playing: () => { if (player.film && model.get("playing") !== player.playing) player.act("play"); },
    follow: () => { if (player.film && model.get("follow") !== player.follow) player.setFollow(model.get("follow")); },
    _theme: () => player.fit(),
  };
  for (const [name, act] of Object.entries(changes)) model.on(`change:${name}`, act);
  model.on("msg:custom", (message) => player.hear(message));
  player.load();
  Object.assign(player.page, { player });
  return () => {
    for (const [name, act] of Object.entries(changes)) model.off(`change:${name}`, act);
    player.end();
  };
}

export default { render };
