/* Modules of the page, as tests get them. */

import { readFileSync } from "node:fs";

const SCRIPTS = new URL("../../../src/cabinet/static/js/", import.meta.url);

globalThis.stubs = {};
let count = 0;

/** Load a module, by its name in static/js, anew with all that it imports; in a language, and with `stubs`, exports
    by the names of their modules, in the place of those. */
export async function load(name, { language = "en", stubs = {} } = {}) {
  count += 1;
  globalThis.stubs[count] = stubs;
  document.documentElement.lang = language;
  const names = Object.entries(stubs).map(([module, exported]) => [module, Object.keys(exported)]);
  const asked = JSON.stringify({ id: count, language, stubs: Object.fromEntries(names) });
  return import(new URL(`${name}?${encodeURIComponent(asked)}`, SCRIPTS));
}

/** Return what tests/support/frontend.py has computed in Python. */
export const known = (name) => JSON.parse(readFileSync(`${process.env.FRONTEND_DATA}/${name}.json`, "utf-8"));

/** Resolves once all that waits for promises has gone on. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
