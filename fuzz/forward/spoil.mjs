// node fuzz/forward/spoil.mjs MILLISECONDS: signs whatever comes to mind, and spoils it.

import { createHmac, randomBytes, randomInt } from "node:crypto";
import { verify } from "../../fixtures/forward/verify.mjs";

const until = Date.now() + Number(process.argv[2] ?? 1000);
const pick = (...choices) => choices[randomInt(choices.length)];

function spoilt(header) {
  const at = randomInt(header.length);
  return pick(
    () => undefined,
    () => null,
    () => [header, header],
    () => `${header}, ${header}`,
    () => `${header}\n`,
    () => ` ${header}`,
    () => header.toUpperCase(),
    () => header.slice(0, at),
    () => header.slice(0, at) + String.fromCharCode(randomInt(0xffff)) + header.slice(at + 1),
    () => header.replace("t=", "t=0x"),
    () => header.replace("v1=", "v0="),
    () => header.replace(/t=\d+/, `t=${pick("", "-1", "1e9", "9".repeat(12), "9".repeat(400), "٣")}`),
    () => header.replace(/[0-9a-f]{64}$/, randomBytes(randomInt(80)).toString("hex")),
  )();
}

let rounds = 0;
for (; Date.now() < until || rounds < 100; rounds += 1) {
  const secret = pick("s", "ключ", randomBytes(randomInt(1, 200)).toString("base64"));
  const body = pick(Buffer.alloc(0), randomBytes(randomInt(300)), Buffer.from('{"a":"\u{1f511}"}'));
  const time = Math.floor(Date.now() / 1000) + randomInt(-290, 290);
  const signature = createHmac("sha256", secret).update(`${time}.`).update(body).digest("hex");
  const header = `t=${time},v1=${signature}`;
  const hold = (expected, ...what) => {
    if (verify(...what) !== expected) {
      console.error(`should be ${expected}:`, ...what);
      process.exit(1);
    }
  };
  hold(true, secret, header, body);
  hold(false, `${secret}x`, header, body);
  hold(false, secret, header, Buffer.concat([body, Buffer.from([0])]));
  hold(false, secret, header.replace(`t=${time}`, `t=${time + 1}`), body);
  const other = spoilt(header);
  if (other !== header && !(Array.isArray(other) && String(other) === header)) hold(false, secret, other, body);
  const stale = time + pick(-1000, 1000);
  const late = createHmac("sha256", secret).update(`${stale}.`).update(body).digest("hex");
  hold(false, secret, `t=${stale},v1=${late}`, body);
}
console.log(`${rounds} rounds`);
