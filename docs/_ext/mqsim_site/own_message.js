// A message's bytes in three protocols, by the rules that `wires` names. Sizes stay below 128 bytes: the fields are short.

const utf8 = (text) => [...new TextEncoder().encode(text)];
const big = (value, bytes) => Array.from({ length: bytes }, (_, place) => (value / 256 ** (bytes - 1 - place)) & 255);
const amqpFrame = (kind, payload) => [kind, ...big(1, 2), ...big(payload.length, 4), ...payload, 0xce];

const WIRES = {
  STOMP: (to, body) => [...utf8(`SEND\ndestination:${to}\ncontent-type:text/plain\n\n${body}`), 0],
  MQTT: (to, body) => {
    const rest = [...big(utf8(to).length, 2), ...utf8(to), ...utf8(body)], length = [];
    let left = rest.length;
    do {
      length.push((left % 128) | (left > 127 ? 128 : 0));
      left = Math.floor(left / 128);
    } while (left);
    return [0x30, ...length, ...rest];
  },
  AMQP: (to, body) => [
    ...amqpFrame(1, [0, 60, 0, 40, 0, 0, 0, utf8(to).length, ...utf8(to), 0]),
    ...amqpFrame(2, [0, 60, 0, 0, ...big(utf8(body).length, 8), 0x10, 0, 2]),
    ...(body ? amqpFrame(3, utf8(body)) : []),
  ],
};

function show() {
  const [to, body] = ["to", "body"].map((id) => document.getElementById(id).value);
  const parts = Object.entries(WIRES).flatMap(([name, made]) => {
    const bytes = made(to, body), head = document.createElement("dt"), wire = document.createElement("dd"), code = document.createElement("code");
    head.textContent = `${name}: ${bytes.length} bytes`;
    code.textContent = bytes.map((one) => one.toString(16).padStart(2, "0")).join(" ");
    code.dataset.wire = name;
    wire.append(code);
    return [head, wire];
  });
  document.getElementById("wires").replaceChildren(...parts);
}

for (const id of ["to", "body"]) document.getElementById(id).addEventListener("input", show);
show();
