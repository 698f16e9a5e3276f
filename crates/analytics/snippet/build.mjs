// Minifies mainspring.js into mainspring.min.js, the file that is compiled into the server.
// `node build.mjs` writes it; `node build.mjs --check` fails when it is not what the source gives, or is too large.
// esbuild comes from the locked packages beside the SDK tests.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { crc32, gzipSync } from "node:zlib";

const LIMIT_BYTES = 5 * 1024;
const require = createRequire(new URL("../../mainspring/tests/sdk/package.json", import.meta.url));
const { transformSync } = require("esbuild");

const source = readFileSync(new URL("mainspring.js", import.meta.url), "utf8");
// The check sum of the source, so that a test without npm can tell that the two belong together.
const mark = `/*${crc32(source).toString(16).padStart(8, "0")}*/`;
const built = mark + transformSync(source, { minify: true, target: "es2018", charset: "ascii", legalComments: "none" }).code;
const target = new URL("mainspring.min.js", import.meta.url);
const size = gzipSync(built, { level: 9 }).length;
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== built) throw new Error("mainspring.min.js is stale: run node build.mjs");
} else {
  writeFileSync(target, built);
}
if (size > LIMIT_BYTES) throw new Error(`${size} bytes gzipped, at most ${LIMIT_BYTES}`);
console.log(`mainspring.min.js: ${built.length} bytes, ${size} gzipped`);
