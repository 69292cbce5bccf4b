import { expect, test } from "@playwright/test";

const dev = `${process.env.DEV_URL ?? "http://localhost:8025"}/dev`;
const number = "+12025550123";

test("a user signs in by phone", async ({ page, request }) => {
  await request.post(`${dev}/reset`);
  await request.post(`${dev}/users`, { data: { email: "ada@example.com", phone_number: number } });
  await page.goto("/sign-in");
  await page.getByLabel("Phone number").fill(number);
  await page.getByRole("button", { name: "Text me a code" }).click();
  const text = await request.get(`${dev}/messages/latest?to=${number}&wait=10`);
  await page.getByLabel("Code").fill((await text.json()).code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/");
});
