// The token that Neon's client takes along to the database. The client remembers a session for all of its process,
// so this is one of its own.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createInternalNeonAuth as neon } from "@neondatabase/auth";
import { createInternalNeonAuth as olderNeon } from "@neondatabase/auth-0-4";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { authUrl, cookieJar, dev } from "./dev.mjs";

for (const [name, create] of [["0.5", neon], ["0.4", olderNeon]]) {
  test(`@neondatabase/auth ${name}: the token that goes to the database is good`, async () => {
    await dev.reset();
    globalThis.fetch = cookieJar();
    const client = create(authUrl);
    const { data: { user } } = await client.adapter.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse" });
    const keys = createRemoteJWKSet(new URL(`${authUrl}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(await client.getJWTToken(), keys, { issuer: new URL(authUrl).origin });
    assert.deepEqual([payload.sub, payload.role], [user.id, "authenticated"]);
  });
}
