// An app that signs its users in by phone, in the shape of Neon's example for Next.js: the browser talks to the app
// alone, and the app's server passes on to Neon Auth what Neon's own code passes on, which is cookies whose names
// begin with __Secure-neon-auth and no Origin.
import { handleAuthProxyRequest, processAuthMiddleware } from "@neondatabase/auth/server";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";

const PAGES = ["home", "sign-in", "sign-up"];
const page = (name) => readFileSync(new URL(`${name}.html`, import.meta.url), "utf8");

/** The app as a handler of requests. `baseUrl` is Neon's `NEON_AUTH_BASE_URL`, `script` what its pages run. */
export function phoneApp({ baseUrl, script }) {
  const cookieSecret = "a secret of the app, of 32 characters or more";
  const log = { debug() {}, info() {}, warn() {}, error() {} };

  async function answer(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/client.js") return new Response(script, { headers: { "content-type": "text/javascript" } });
    const [, path] = pathname.match(/^\/api\/auth\/(.+)$/) ?? [];
    if (path) return handleAuthProxyRequest({ request, path, baseUrl, cookieSecret, log });
    const decision = await processAuthMiddleware({ request, pathname, skipRoutes: ["/sign-up"], loginUrl: "/sign-in", baseUrl, cookieSecret, log });
    const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
    for (const cookie of decision.cookies ?? []) headers.append("set-cookie", cookie);
    if (decision.action !== "allow") {
      headers.set("location", decision.redirectUrl.toString());
      return new Response(null, { status: 307, headers });
    }
    const name = pathname === "/" ? "home" : pathname.slice(1);
    return PAGES.includes(name) ? new Response(page(name), { headers }) : new Response("Not found", { status: 404 });
  }

  return async (incoming, outgoing) => {
    const hasBody = !["GET", "HEAD"].includes(incoming.method);
    const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method, headers: incoming.headers, ...(hasBody && { body: Readable.toWeb(incoming), duplex: "half" }),
    });
    const response = await answer(request);
    const cookies = response.headers.getSetCookie();
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "set-cookie" && name !== "content-encoding"));
    outgoing.writeHead(response.status, { ...headers, ...(cookies.length && { "set-cookie": cookies }) });
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  };
}
