// A single-page app on another origin of this machine: preflights, credentials and cookies are the browser's own.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { authUrl, dev } from "./dev.mjs";
import { browser, bundled, serve } from "./page.mjs";

const NUMBER = "+12025550123";
const CLIENTS = {
  "better-auth 1.6": `
    import { createAuthClient } from "better-auth/client";
    import { phoneNumberClient } from "better-auth/client/plugins";
    export const auth = createAuthClient({ baseURL: "${authUrl}", plugins: [phoneNumberClient()] });`,
  "better-auth 1.4": `
    import { createAuthClient } from "better-auth-1-4/client";
    import { phoneNumberClient } from "better-auth-1-4/client/plugins";
    export const auth = createAuthClient({ baseURL: "${authUrl}", plugins: [phoneNumberClient()] });`,
  "@neondatabase/auth 0.5": `
    import { createAuthClient } from "@neondatabase/auth";
    export const auth = createAuthClient("${authUrl}");`,
  "@neondatabase/auth 0.4": `
    import { createAuthClient } from "@neondatabase/auth-0-4";
    export const auth = createAuthClient("${authUrl}");`,
};

/** Opens the page of an app on `http://localhost` and some port. */
async function overHttp(page, html) {
  const app = await serve((_, response) => response.setHeader("content-type", "text/html").end(html));
  await page.goto(app.url);
  return app.stop;
}

/** Opens it on `https://localhost`, which is another site to cookies; no certificate is needed where no server is. */
async function overHttps(page, html) {
  await page.route("https://localhost:3000/**", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto("https://localhost:3000/");
  return () => {};
}

const CASES = [...Object.keys(CLIENTS).map((name) => [name, "http", overHttp]), ["better-auth 1.6", "https", overHttps]];

for (const [name, scheme, open] of CASES) {
  test(`${name} on a page of another origin, by ${scheme}`, async () => {
    await dev.reset();
    await dev.settings({ strict: true, rate_limit: 0 });
    const script = await bundled(CLIENTS[name]);
    const chromium = await browser();
    let stop = () => {};
    try {
      const page = await chromium.newPage();
      stop = await open(page, `<!doctype html><script>${script.replaceAll("</script", "<\\/script")}</script>`);
      // A client says what went wrong, or throws it.
      const call = (path, argument) => page.evaluate(async ([path, argument]) => {
        const [method, on] = path.split(".").reduceRight(([method], step) => method ? [method, step] : [step], []);
        const target = on ? app.auth[on] : app.auth;
        try {
          const { data, error } = await target[method](argument);
          return error ? { status: error.status } : { data };
        } catch (error) {
          return { status: error.status };
        }
      }, [path, argument]);

      const { data: { user } } = await call("signUp.email", { name: "Ada", email: "ada@example.com", password: "correct horse" });
      await call("phoneNumber.sendOtp", { phoneNumber: NUMBER });
      const linked = await call("phoneNumber.verify", { phoneNumber: NUMBER, code: await dev.code(NUMBER), updatePhoneNumber: true });
      assert.deepEqual([linked.data.user.id, linked.data.user.phoneNumber], [user.id, NUMBER]);
      await call("signOut");
      await page.reload();
      assert.equal((await call("getSession")).data, null);

      await call("phoneNumber.sendOtp", { phoneNumber: NUMBER });
      const wrong = await call("phoneNumber.verify", { phoneNumber: NUMBER, code: await dev.wrongCode(NUMBER) });
      assert.equal(wrong.status, 400);
      const back = await call("phoneNumber.verify", { phoneNumber: NUMBER, code: await dev.code(NUMBER) });
      assert.equal(back.data.user.id, user.id);
      await page.reload();
      assert.equal((await call("getSession")).data.user.id, user.id);
    } finally {
      await chromium.close();
      stop();
    }
  });
}
