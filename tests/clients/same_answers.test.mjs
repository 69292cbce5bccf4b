// The emulator answers as Better Auth does: the same requests to both, and the same said by both.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { betterAuth } from "better-auth";
import * as node from "better-auth/node";
import * as plugins from "better-auth/plugins";
import { authUrl, dev } from "./dev.mjs";
import { stock } from "./stock.mjs";

const NUMBER = "+12025550123";
const SEND = "/phone-number/send-otp";
const VERIFY = "/phone-number/verify";
const ADA = { name: "Ada", email: "Ada@Example.com", password: "correct horse" };

async function ask(base, method, path, { json, text, type = "application/json", cookie } = {}) {
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
  const headers = { origin: "http://localhost:3000" };
  if (body !== undefined) headers["content-type"] = type;
  if (cookie) headers.cookie = cookie;
  const response = await fetch(base + path, { method, headers, body });
  return {
    status: response.status,
    body: await response.json(),
    sets: response.headers.getSetCookie(),
    tokens: ["set-auth-jwt", "set-auth-token"].filter((name) => response.headers.has(name)),
  };
}

// What differs with every run. A database has columns for what nobody told, the memory of the tests has not.
function lasting(value, name = "") {
  if (Array.isArray(value)) return value.map((item) => lasting(item));
  if (value && typeof value === "object") {
    const told = Object.entries(value).filter(([, content]) => content !== null);
    return Object.fromEntries(told.sort().map(([key, content]) => [key, lasting(content, key)]));
  }
  return /^(id|userId|token|.*At|ipAddress|userAgent)$/.test(name) ? typeof value : value;
}

// The session's cookie, without its value; Better Auth has some beside it, of features that are off.
function sessionCookies({ sets }) {
  const own = sets.filter((cookie) => cookie.startsWith("better-auth.session_token="));
  return own.map((cookie) => cookie.replace(/=[^;]*/, (value) => (value === "=" ? "=" : "=…")));
}

const said = (answer) => ({ status: answer.status, body: lasting(answer.body), cookies: sessionCookies(answer), tokens: answer.tokens });

test("every answer is Better Auth's", async (t) => {
  await dev.settings({ strict: true, rate_limit: 0 });
  const real = await stock({ betterAuth, plugins, node });
  const both = [
    { base: real.url, code: real.code, cookie: undefined },
    { base: authUrl, code: () => dev.code(NUMBER), cookie: undefined },
  ];
  async function same(method, path, request = {}) {
    const [expected, answer] = await Promise.all(both.map(async (side) => {
      const cookie = request.signedIn ? side.cookie : undefined;
      const json = request.code ? { ...request.json, code: await side.code() } : request.json;
      const answer = await ask(side.base, method, path, { ...request, json, cookie });
      if (request.keeps) side.cookie = answer.sets.find((it) => /session_token=/.test(it)).split(";")[0];
      return answer;
    }));
    await t.test(`${method} ${path} ${request.text ?? JSON.stringify(request.json) ?? ""}${request.signedIn ? " signed in" : ""}`, () => {
      assert.deepEqual(said(answer), said(expected));
    });
  }
  try {
    await same("GET", "/ok");
    await same("GET", "/get-session");
    for (const text of ["{", "[]", "null", '"text"', "7", ""]) await same("POST", SEND, { text });
    await same("POST", SEND);
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) await same("POST", SEND, { text: "phoneNumber=1", type });
    for (const phoneNumber of [undefined, null, 1, true, {}, [], "", "12025550123", "+1 202 555 0123", "+0123456"]) await same("POST", SEND, { json: { phoneNumber } });
    for (const json of [{}, { phoneNumber: NUMBER }, { phoneNumber: 1, code: 2, disableSession: "x", updatePhoneNumber: 1 }, { phoneNumber: NUMBER, code: "1", disableSession: null }]) await same("POST", VERIFY, { json });

    await same("POST", VERIFY, { json: { phoneNumber: NUMBER, code: "000000" } });
    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER }, code: true });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER }, code: true });

    await same("POST", "/sign-up/email", { json: ADA, keeps: true });
    await same("POST", "/sign-up/email", { json: ADA });
    for (const change of [{ email: "ada" }, { email: "a..b@c.de" }, { email: "b@example.com", password: "short" }, { email: "b@example.com", password: "x".repeat(129) }, { name: undefined }, { name: 1, email: 2, password: 3 }, { image: 1 }, { rememberMe: "x" }]) await same("POST", "/sign-up/email", { json: { ...ADA, ...change } });
    await same("POST", "/sign-up/email", { json: { name: "B", email: "b@example.com", password: "correct horse", image: "https://example.com/b.png", rememberMe: false } });
    for (const json of [{ email: "ada@example.com", password: "wrong horse" }, { email: "nobody@example.com", password: "correct horse" }, { email: "ada", password: "correct horse" }, { email: "ada@example.com" }, {}, { email: "ada@example.com", password: "correct horse", rememberMe: false }, { email: "ada@example.com", password: "correct horse", callbackURL: "http://localhost:3000/in" }]) await same("POST", "/sign-in/email", { json });
    await same("POST", "/sign-in/email", { json: { email: "ADA@example.com", password: "correct horse" }, keeps: true });

    for (const path of ["/get-session", "/list-sessions"]) for (const signedIn of [true, false]) await same("GET", path, { signedIn });
    await same("GET", "/token");
    for (const json of [{ name: "Ada L", image: "https://example.com/a.png" }, {}, { email: "x@example.com" }, { phoneNumber: "+12025550199" }, { phoneNumberVerified: true }]) for (const signedIn of [true, false]) await same("POST", "/update-user", { json, signedIn });
    for (const text of ["{", "[]"]) await same("POST", "/update-user", { text, signedIn: true });

    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER, updatePhoneNumber: true }, code: true });
    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER, updatePhoneNumber: true }, code: true, signedIn: true });
    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER, updatePhoneNumber: true }, code: true, signedIn: true });
    await same("GET", "/get-session", { signedIn: true });

    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    for (let wrong = 0; wrong < 3; wrong += 1) await same("POST", VERIFY, { json: { phoneNumber: NUMBER, code: "none" } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER }, code: true });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER }, code: true });
    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER, disableSession: true }, code: true });
    await same("POST", SEND, { json: { phoneNumber: NUMBER } });
    await same("POST", VERIFY, { json: { phoneNumber: NUMBER }, code: true });

    await same("POST", "/sign-out", { text: "{", signedIn: true });
    await same("POST", "/sign-out", { signedIn: true });
    await same("GET", "/get-session", { signedIn: true });
    await same("POST", "/sign-out", { json: {} });
  } finally {
    real.stop();
  }
});
