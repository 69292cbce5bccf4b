// The app in a browser: everything that Neon's example for phone sign-in lets its users do.
import { strict as assert } from "node:assert";
import { after, before, beforeEach, test } from "node:test";
import { phoneApp } from "./app/server.mjs";
import { authUrl, dev } from "./dev.mjs";
import { browser, bundled, serve } from "./page.mjs";

const NUMBER = "+12025550123";
let app;
let chromium;
let page;

before(async () => {
  const script = await bundled('import "./app/client.mjs";', { format: "esm" });
  app = await serve(phoneApp({ baseUrl: authUrl, script }));
  chromium = await browser();
});
after(async () => {
  await chromium?.close();
  app?.stop();
});
beforeEach(async () => {
  await dev.reset();
  await dev.settings({ strict: true, rate_limit: 0 });
  page = await (await chromium.newContext()).newPage();
});

async function type(code) {
  await page.getByLabel("Code").fill(code);
  await page.getByLabel("Code").press("Enter");
}

async function askForCode(number) {
  await page.getByLabel("Phone number").fill(number);
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByLabel("Code").waitFor();
}

async function signInByPhone() {
  await page.goto(app.url);
  await page.waitForURL("**/sign-in");
  await askForCode(NUMBER);
  await type(await dev.code(NUMBER));
  await page.waitForURL(`${app.url}/`);
}

test("somebody signs up, links a number, signs out, and signs in by phone", async () => {
  await page.goto(`${app.url}/sign-up`);
  for (const [label, value] of [["Name", "Ada"], ["Email", "ada@example.com"], ["Password", "correct horse"]]) await page.getByLabel(label).fill(value);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByText("Ada without a number").waitFor();

  await askForCode(NUMBER);
  await type(await dev.code(NUMBER));
  await page.getByText(`Ada ${NUMBER}`).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");

  await signInByPhone();
  await page.getByText(`Ada ${NUMBER}`).waitFor();
  await page.reload();
  await page.getByText(`Ada ${NUMBER}`).waitFor();
  const cookies = await page.context().cookies();
  assert.ok(cookies.some(({ name }) => name === "__Secure-neon-auth.session_token"), JSON.stringify(cookies));
});

test("wrong, expired and unlinked codes are told, and a new one helps", async () => {
  await dev.user({ name: "Ada", email: "ada@example.com", phone_number: NUMBER });
  await page.goto(`${app.url}/sign-in`);
  await askForCode("+12025550199");
  await type(await dev.code("+12025550199"));
  await page.getByText("Internal server error").waitFor();

  await askForCode(NUMBER);
  const wrong = await dev.wrongCode(NUMBER);
  for (const sentence of ["Invalid OTP", "Invalid OTP", "Invalid OTP", "Too many attempts"]) {
    await type(wrong);
    await page.getByText(sentence).waitFor();
  }
  await askForCode(NUMBER);
  await dev.faults({ code: { expired: 1 } });
  await type(await dev.code(NUMBER));
  await page.getByText("OTP expired").waitFor();
  await signInByPhone();
  await page.getByText(`Ada ${NUMBER}`).waitFor();
});

test("a text that cannot be sent is told", async () => {
  await page.goto(`${app.url}/sign-in`);
  await dev.faults({ vendor: { kind: "opted_out" } });
  await page.getByLabel("Phone number").fill(NUMBER);
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByText("did not accept the code").waitFor();
});
