// Says which clients were asked.
import { readFileSync } from "node:fs";

const { devDependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url)));
for (const name of Object.keys(devDependencies)) {
  const { version, name: real } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  console.log(`${real} ${version}`);
}
console.log(`node ${process.versions.node}`);
