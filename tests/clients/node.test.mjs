// The whole story from Node, told by each client that apps use.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createAuthClient as neon } from "@neondatabase/auth";
import { createAuthClient as olderNeon } from "@neondatabase/auth-0-4";
import { createAuthClient as better } from "better-auth/client";
import { phoneNumberClient } from "better-auth/client/plugins";
import { createAuthClient as olderBetter } from "better-auth-1-4/client";
import { phoneNumberClient as olderPhoneNumberClient } from "better-auth-1-4/client/plugins";
import { authUrl, cookieJar, dev } from "./dev.mjs";

// Neon's client takes no fetch but the program's; what it throws has Better Auth's status and, mostly, its sentence.
function neons(create) {
  return { tells: "throws", start: (fetch) => { globalThis.fetch = fetch; return create(authUrl); } };
}
function betters(create, plugin) {
  return { tells: "returns", start: (fetch) => create({ baseURL: authUrl, plugins: [plugin()], fetchOptions: { customFetchImpl: fetch } }) };
}
const CLIENTS = {
  "better-auth 1.6": betters(better, phoneNumberClient),
  "better-auth 1.4": betters(olderBetter, olderPhoneNumberClient),
  "@neondatabase/auth 0.5": neons(neon),
  "@neondatabase/auth 0.4": neons(olderNeon),
};
const NUMBER = "+12025550123";
const OTHER = "+12025550199";

/** What came of a call that is to succeed. */
async function good(call) {
  const { data, error } = await call;
  assert.equal(error, null);
  return data;
}

/** What is said of one that is to fail. */
async function bad(call) {
  const error = await call.then(({ data, error }) => (assert.equal(data, null), error), (error) => error);
  return { status: error.status, code: error.code, message: error.message };
}

/** Whether that is this. */
function is(tells, error, status, code, message) {
  if (tells === "returns") return assert.deepEqual(error, { status, code, message });
  // Neon's client has sentences of its own where somebody else is to blame.
  return assert.deepEqual([error.status, error.message], [status, code === "FAILED_TO_UPDATE_USER" ? "Internal server error" : message]);
}

for (const [name, { tells, start: client }] of Object.entries(CLIENTS)) {
  test(`${name}: sign up, link a number, sign out, sign in by it`, async () => {
    await dev.reset();
    await dev.settings({ strict: true, rate_limit: 0 });
    const fetch = cookieJar();
    const auth = client(fetch);

    const { user } = await good(auth.signUp.email({ name: "Ada", email: "ada@example.com", password: "correct horse" }));
    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    const linked = await good(auth.phoneNumber.verify({ phoneNumber: NUMBER, code: await dev.code(NUMBER), updatePhoneNumber: true }));
    assert.deepEqual([linked.user.id, linked.user.phoneNumber], [user.id, NUMBER]);

    await good(auth.signOut());
    // A new client is what a reload leaves.
    assert.equal(await good(client(fetch).getSession()), null);
    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    const back = await good(auth.phoneNumber.verify({ phoneNumber: NUMBER, code: await dev.code(NUMBER) }));
    assert.deepEqual([back.status, back.user.id], [true, user.id]);
    const session = await good(client(fetch).getSession());
    assert.deepEqual([session.user.id, session.user.phoneNumber], [user.id, NUMBER]);
  });

  test(`${name}: wrong, expired and unlinked`, async () => {
    await dev.reset();
    await dev.settings({ strict: true, rate_limit: 0 });
    await dev.user({ email: "ada@example.com", phone_number: NUMBER });
    const auth = client(cookieJar());
    const verify = (code, phoneNumber = NUMBER) => auth.phoneNumber.verify({ phoneNumber, code });

    is(tells, await bad(auth.phoneNumber.sendOtp({ phoneNumber: "555 1234" })), 400, "INVALID_PHONE_NUMBER", "Invalid phone number");
    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    const wrong = await dev.wrongCode(NUMBER);
    for (let guess = 0; guess < 3; guess += 1) is(tells, await bad(verify(wrong)), 400, "INVALID_OTP", "Invalid OTP");
    is(tells, await bad(verify(await dev.code(NUMBER))), 403, "TOO_MANY_ATTEMPTS", "Too many attempts");
    is(tells, await bad(verify(await dev.code(NUMBER))), 400, "OTP_NOT_FOUND", "OTP not found");

    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    await dev.faults({ code: { expired: 1 } });
    is(tells, await bad(verify(await dev.code(NUMBER))), 400, "OTP_EXPIRED", "OTP expired");
    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    await good(verify(await dev.code(NUMBER)));

    await good(auth.phoneNumber.sendOtp({ phoneNumber: OTHER }));
    is(tells, await bad(verify(await dev.code(OTHER), OTHER)), 500, "FAILED_TO_UPDATE_USER", "Failed to update user");
    await dev.faults({ vendor: { kind: "opted_out" } });
    is(tells, await bad(auth.phoneNumber.sendOtp({ phoneNumber: OTHER })), 500, "FAILED_TO_SEND_OTP", "The send.otp webhook did not accept the code");
    await dev.settings({ rate_limit: 1 });
    await good(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER }));
    is(tells, await bad(auth.phoneNumber.sendOtp({ phoneNumber: NUMBER })), 429, undefined, "Too many requests. Please try again later.");
  });
}
