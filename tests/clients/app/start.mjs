// Starts the app: NEON_AUTH_BASE_URL is Neon's, or that of neon-sms-relay dev.
import { createServer } from "node:http";
import { bundled } from "../page.mjs";
import { phoneApp } from "./server.mjs";

const baseUrl = process.env.NEON_AUTH_BASE_URL ?? "http://localhost:8025/neondb/auth";
const script = await bundled('import "./app/client.mjs";', { format: "esm" });
createServer(phoneApp({ baseUrl, script })).listen(process.env.PORT ?? 3000, "localhost");
