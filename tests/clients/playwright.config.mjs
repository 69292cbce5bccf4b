// Runs the example of docs/development.md against the app, in the system's browser.
import { defineConfig } from "@playwright/test";

const port = Number(process.env.APP_PORT);

export default defineConfig({
  testMatch: "sign_in.spec.mjs",
  outputDir: process.env.PLAYWRIGHT_OUTPUT,
  reporter: "list",
  use: {
    baseURL: `http://localhost:${port}`,
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
  webServer: {
    command: "node app/start.mjs",
    url: `http://localhost:${port}/sign-in`,
    env: { PORT: String(port), NEON_AUTH_BASE_URL: `${process.env.DEV_URL}/neondb/auth` },
  },
});
