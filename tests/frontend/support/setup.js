/* What modules of a page look at while they are loaded, for tests without one. `node --import` runs it before
   each file of tests. */

import { webcrypto } from "node:crypto";
import { register } from "node:module";

register("./hooks.js", import.meta.url);

/** Say what a name means everywhere, even where node has a meaning of its own. */
const define = (name, value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

class Storage {
  constructor() {
    Object.defineProperty(this, "getItem", { value: (key) => (Object.hasOwn(this, key) ? this[key] : null) });
    Object.defineProperty(this, "setItem", {
      value: (key, value) => Object.assign(this, { [key]: `${value}` }),
    });
    Object.defineProperty(this, "removeItem", { value: (key) => delete this[key] });
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

const document = new EventTarget();
Object.assign(document, {
  documentElement: { lang: "en", dataset: {} },
  body: { dataset: { root: "/", user: "u1", username: "ann" } },
  querySelector: (selector) => (selector.startsWith("meta") ? new FakeMeta() : null),
  querySelectorAll: () => [],
  getElementById: () => null,
});
define("document", document);
define("navigator", { languages: ["en"], onLine: true, platform: "Linux" });
define("localStorage", new Storage());
define("location", new URL("https://files.example/index"));
define("window", globalThis);
const events = new EventTarget();
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
  define(name, events[name].bind(events));
}
// Node's own would keep the tests from ending.
define(
  "BroadcastChannel",
  class extends EventTarget {
    postMessage() {}
  },
);

// What stands at 0x80 to 0x9f in windows-1252, which older versions of node take for ISO 8859-1.
const SIGNS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const { decode } = TextDecoder.prototype;
TextDecoder.prototype.decode = function decodeAsBrowsersDo(...told) {
  const text = decode.apply(this, told);
  const isMeant = this.encoding === "windows-1252";
  return isMeant ? text.replace(/[\x80-\x9f]/g, (sign) => SIGNS[sign.charCodeAt(0) - 0x80]) : text;
};

// Older versions of node have these elsewhere, or not at all.
globalThis.crypto ?? define("crypto", webcrypto);
globalThis.CustomEvent ??
  define(
    "CustomEvent",
    class extends Event {
      constructor(type, options = {}) {
        super(type, options);
        this.detail = options.detail ?? null;
      }
    },
  );
