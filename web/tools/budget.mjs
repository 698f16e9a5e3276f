// Fails the build when the script of the first page is too large. The chart's chunk is not part of it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const FIRST_ROUTE_MAX = 180_000;
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}manifest.json`, "utf8"));

/** The files a chunk needs at once. */
function closure(key, found = new Set()) {
  const chunk = manifest[key];
  if (!chunk || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const other of chunk.imports ?? []) closure(other, found);
  return found;
}

const files = closure("index.html");
for (const page of ["src/features/analytics/dashboards/home-page.tsx", "src/features/analytics/events/live-page.tsx"]) {
  if (manifest[page]) {
    closure(page, files);
    break;
  }
}
const size = [...files]
  .filter((file) => file.endsWith(".js"))
  .reduce((sum, file) => sum + gzipSync(readFileSync(dist + file)).length, 0);
console.log(`first page: ${(size / 1000).toFixed(1)} kB of gzipped script, at most ${FIRST_ROUTE_MAX / 1000}`);
if (size > FIRST_ROUTE_MAX) process.exit(1);
