// Fails when the page, or what it loads first, is heavier than agreed.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const WEB = new URL("../../neuronscope/web/", import.meta.url);
const LIMITS = { js: 150_000, css: 15_000 };

const html = readFileSync(new URL("index.html", WEB), "utf8");
const totals = { js: 0, css: 0 };
for (const [, path] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) {
  const kind = path.endsWith(".css") ? "css" : "js";
  totals[kind] += gzipSync(readFileSync(new URL(path, WEB))).length;
}
const FOLDER_LIMIT = 1_000_000;
const sizes = readdirSync(WEB, { recursive: true }).map((path) => statSync(new URL(path, WEB)));
const folder = sizes.filter((each) => each.isFile()).reduce((all, each) => all + each.size, 0);
let failed = folder > FOLDER_LIMIT;
console.log(`all files: ${folder} of ${FOLDER_LIMIT} bytes${failed ? "  TOO MUCH" : ""}`);
for (const [kind, limit] of Object.entries(LIMITS)) {
  const over = totals[kind] > limit;
  failed ||= over;
  console.log(`${kind}: ${totals[kind]} of ${limit} bytes gzipped${over ? "  TOO MUCH" : ""}`);
}
process.exit(failed ? 1 : 0);
