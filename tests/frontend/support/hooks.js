/* How modules of the page are found by node: each `load` of a test gets modules of its own, with the texts of
   its language, and with what it says in the place of others.

   Rule: what a load asks for travels in the address, behind "?", from a module to those that it imports. */

import { readFileSync } from "node:fs";

const SCRIPTS = new URL("../../../src/cabinet/static/js/", import.meta.url).href;
const CATALOG = "core/catalog.js";

/** Return what the load asked for that a module belongs to; null for a module of the tests. */
function askedBy(address) {
  const { search, href } = new URL(address);
  return href.startsWith(SCRIPTS) && search ? JSON.parse(decodeURIComponent(search.slice(1))) : null;
}

const nameOf = (address) => new URL(address).href.slice(SCRIPTS.length).replace(/\?.*/, "");

export async function resolve(specifier, context, next) {
  const { parentURL = "" } = context;
  if (!parentURL.startsWith(SCRIPTS) || !specifier.startsWith(".")) {
    return next(specifier, context);
  }
  const url = new URL(specifier, parentURL);
  url.search = new URL(parentURL).search;
  return { url: url.href, format: "module", shortCircuit: true };
}

export async function load(address, context, next) {
  const asked = address.startsWith("file:") ? askedBy(address) : null;
  if (!asked) {
    return next(address, context);
  }
  const name = nameOf(address);
  const answer = (source) => ({ format: "module", source, shortCircuit: true });
  if (name === CATALOG) {
    const texts = readFileSync(`${process.env.FRONTEND_DATA}/texts-${asked.language}.json`, "utf-8");
    return answer(`export default ${texts};`);
  }
  if (name in asked.stubs) {
    const from = `globalThis.stubs[${asked.id}][${JSON.stringify(name)}]`;
    return answer(asked.stubs[name].map((each) => `export const ${each} = ${from}.${each};`).join("\n"));
  }
  return answer(readFileSync(new URL(address), "utf-8"));
}
