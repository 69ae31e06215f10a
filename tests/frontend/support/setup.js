/* The browser globals that modules use while they are loaded, for tests without a page. `node --import` runs it before
   each test file. */

import { webcrypto } from "node:crypto";
import { register } from "node:module";

register("./hooks.js", import.meta.url);

/** Define a global, even if node has one of this name.
    @type {(name: string, value: unknown) => void} */
const define = (name, value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

class FakeStorage {
  constructor() {
    const methods = {
      getItem: (/** @type {string} */ key) => (Object.hasOwn(this, key) ? Reflect.get(this, key) : null),
      setItem: (/** @type {string} */ key, /** @type {unknown} */ value) =>
        Object.assign(this, { [key]: `${value}` }),
      removeItem: (/** @type {string} */ key) => Reflect.deleteProperty(this, key),
    };
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(this, name, { value });
    }
  }
}

class FakeElement extends EventTarget {
  dataset = {};
}
class FakeMeta extends FakeElement {
  content = "token";
}

for (const name of ["Element", "HTMLElement", "HTMLInputElement", "HTMLAnchorElement"]) {
  define(name, FakeElement);
}
define("HTMLMetaElement", FakeMeta);

const page = Object.assign(new EventTarget(), {
  documentElement: { lang: "en", dataset: {} },
  body: { dataset: { root: "/", user: "u1", username: "ann" } },
  querySelector: (/** @type {string} */ selector) => (selector.startsWith("meta") ? new FakeMeta() : null),
  querySelectorAll: () => [],
  getElementById: () => null,
});
define("document", page);
define("navigator", { languages: ["en"], onLine: true, platform: "Linux" });
define("localStorage", new FakeStorage());
define("location", new URL("https://files.example/index"));
define("window", globalThis);
const events = new EventTarget();
define("addEventListener", events.addEventListener.bind(events));
define("removeEventListener", events.removeEventListener.bind(events));
define("dispatchEvent", events.dispatchEvent.bind(events));
// Node's own would keep the process alive.
define(
  "BroadcastChannel",
  class extends EventTarget {
    postMessage() {}
  },
);

// The characters 0x80 to 0x9f of windows-1252, which older versions of node treat as ISO 8859-1.
const SIGNS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const { decode } = TextDecoder.prototype;
/** @type {typeof decode} */
TextDecoder.prototype.decode = function decodeAsBrowsersDo(...told) {
  const text = decode.apply(this, told);
  const isMeant = this.encoding === "windows-1252";
  return isMeant ? text.replace(/[\x80-\x9f]/g, (sign) => SIGNS[sign.charCodeAt(0) - 0x80]) : text;
};

// Older versions of node lack these, or have them elsewhere.
globalThis.crypto ?? define("crypto", webcrypto);
globalThis.CustomEvent ??
  define(
    "CustomEvent",
    class extends Event {
      /** @param {string} type
          @param {CustomEventInit} [options] */
      constructor(type, options = {}) {
        super(type, options);
        this.detail = options.detail ?? null;
      }
    },
  );
