// Better Auth itself with its phone-number plugin, as the emulator claims to behave. It keeps everything in memory.
import { createServer } from "node:http";

/** Starts one and says where. `code()` is the code that it sent last. */
export async function stock({ betterAuth, plugins, node }) {
  let sent;
  let handle;
  const server = createServer((request, response) => handle(request, response));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://localhost:${server.address().port}`;
  const auth = betterAuth({
    secret: "a secret of the tests, of some length",
    baseURL: origin,
    basePath: "/neondb/auth",
    trustedOrigins: ["http://localhost:3000"],
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
    plugins: [
      plugins.jwt(),
      plugins.bearer(),
      plugins.phoneNumber({
        phoneNumberValidator: (number) => /^\+[1-9]\d{1,14}$/.test(number),
        sendOTP: ({ code }) => { sent = code; },
      }),
    ],
  });
  handle = node.toNodeHandler(auth);
  return { url: `${origin}/neondb/auth`, code: () => sent, stop: () => server.close() };
}
