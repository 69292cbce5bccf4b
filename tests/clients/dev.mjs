// neon-sms-relay dev, as its tests speak of it.
import { strict as assert } from "node:assert";

// Tests put a browser's fetch into its place.
const { fetch } = globalThis;

export const origin = process.env.DEV_URL;
export const authUrl = `${origin}/neondb/auth`;

async function api(method, path, content) {
  const body = content === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(content) };
  const response = await fetch(`${origin}/dev/${path}`, { method, ...body });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

export const dev = {
  reset: () => api("POST", "reset"),
  settings: (changes) => api("PATCH", "settings", changes),
  faults: (plan) => api("PUT", "faults", plan),
  user: (user) => api("POST", "users", user),
  /** The newest code for a number; waits for one. */
  code: async (number) => (await api("GET", `messages/latest?to=${encodeURIComponent(number)}&wait=30`)).code,
  /** Six digits that are not the newest code. */
  wrongCode: async (number) => ((await dev.code(number)) === "000000" ? "111111" : "000000"),
};

/** A browser's cookies, for programs that have no browser. Everything is one site here. */
export function cookieJar() {
  const cookies = new Map();
  return async (url, options = {}) => {
    const headers = new Headers(options.headers);
    if (cookies.size) headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(url, { ...options, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
}
