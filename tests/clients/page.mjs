// An app's page on an origin of its own, with a client of Neon Auth bundled into it, and chromium to look at it.
import { createServer } from "node:http";
import { build } from "esbuild";
import { chromium } from "@playwright/test";

// A page that no server sent is of nowhere to Chromium, which then asks the user before it calls this machine.
const NO_QUESTIONS = "--disable-features=LocalNetworkAccessChecks";

/** The browser of the system; none is downloaded. */
export const browser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", NO_QUESTIONS] });

/** What a browser runs of a module that imports packages. */
export async function bundled(source, format = { format: "iife", globalName: "app" }) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: new URL(".", import.meta.url).pathname },
    bundle: true, write: false, ...format, platform: "browser", logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0].text;
}

/** Serves on a free port of localhost. */
export async function serve(handle) {
  const server = createServer(handle);
  await new Promise((listening) => server.listen(0, "localhost", listening));
  const stop = () => { server.close(); server.closeAllConnections(); };
  return { url: `http://localhost:${server.address().port}`, stop };
}
