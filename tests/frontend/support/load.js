/* Loads modules of the page for tests. */

import { readFileSync } from "node:fs";

/** @import { Modules } from "../types/modules.js" */

/** The exports that replace those of a module.
    @typedef {Record<string, any>} Stub */

const SCRIPTS = new URL("../../../src/cabinet/static/js/", import.meta.url);

/** @type {Record<number, Record<string, Stub>>} */
const stubsOf = {};
Object.assign(globalThis, { stubs: stubsOf });
let count = 0;

/** Load a module by its name in static/js, with fresh instances of everything it imports, in a language. `stubs`
    replaces modules by name with the given exports.
    @type {<N extends keyof Modules>(name: N, how?: { language?: string, stubs?: Record<string, Stub> }) => Promise<Modules[N]>} */
export async function load(name, { language = "en", stubs = {} } = {}) {
  count += 1;
  stubsOf[count] = stubs;
  document.documentElement.lang = language;
  const names = Object.entries(stubs).map(([module, exported]) => [module, Object.keys(exported)]);
  const asked = JSON.stringify({ id: count, language, stubs: Object.fromEntries(names) });
  return import(new URL(`${name}?${encodeURIComponent(asked)}`, SCRIPTS).href);
}

/** Return data written by tests/support/frontend.py.
    @type {(name: string) => any} */
export const known = (name) => JSON.parse(readFileSync(`${process.env.FRONTEND_DATA}/${name}.json`, "utf-8"));

/** Resolves once all pending promise callbacks have run.
    @type {() => Promise<void>} */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Return a value as one of any type: it has the members that the test needs.
    @type {(value: unknown) => any} */
export const fake = (value) => value;
