/* Module hooks for node: each `load` of a test gets its own instances of the modules, with the texts of its language
   and with stubs in place of others.

   Rule: the options of a load are in the query of the address, passed on from a module to its imports. */

import { readFileSync } from "node:fs";

/** @import { LoadHook, ModuleSource, ResolveHook } from "node:module" */

/** The options of a load: its number, the language, and the names that each stub exports.
    @typedef {{ id: number, language: string, stubs: Record<string, string[]> }} Asked */

const SCRIPTS = new URL("../../../src/cabinet/static/js/", import.meta.url).href;
const CATALOG = "core/catalog.js";

/** Return the options of the load that a module belongs to; null for a module of the tests.
    @type {(address: string) => Asked | null} */
function askedBy(address) {
  const { search, href } = new URL(address);
  return href.startsWith(SCRIPTS) && search ? JSON.parse(decodeURIComponent(search.slice(1))) : null;
}

/** @type {(address: string) => string} */
const nameOf = (address) => new URL(address).href.slice(SCRIPTS.length).replace(/\?.*/, "");

/** @type {ResolveHook} */
export async function resolve(specifier, context, next) {
  const { parentURL = "" } = context;
  if (!parentURL.startsWith(SCRIPTS) || !specifier.startsWith(".")) {
    return next(specifier, context);
  }
  const url = new URL(specifier, parentURL);
  url.search = new URL(parentURL).search;
  return { url: url.href, format: "module", shortCircuit: true };
}

/** @type {LoadHook} */
export async function load(address, context, next) {
  const asked = address.startsWith("file:") ? askedBy(address) : null;
  if (!asked) {
    return next(address, context);
  }
  const name = nameOf(address);
  /** @type {(source: ModuleSource) => { format: "module", source: ModuleSource, shortCircuit: true }} */
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
