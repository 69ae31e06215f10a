/* Elements of the page by their ids and selectors, and what kind each of them is.

   Rule: what has to be there is there, of its kind, or it is an error at once and where it is looked for. */

/** The constructor of elements of a kind.
    @template {Element} T
    @typedef {new () => T} Kind */

/** Return `found` if it is of a kind. Raises `TypeError`.
    @type {<T extends Element>(found: unknown, kind: Kind<T>, name: string) => T} */
function expect(found, kind, name) {
  if (!(found instanceof kind)) {
    throw new TypeError(`${name} is no ${kind.name}`);
  }
  return found;
}

/** Return the element with an id. Raises `TypeError` where there is none of that kind.
    @type {<T extends Element = HTMLElement>(id: string, kind?: Kind<T>) => T} */
export const byId = (id, kind = any()) => expect(document.getElementById(id), kind, `#${id}`);

/** Return the first element in `root` that a selector finds. Raises `TypeError` where there is none of that kind.
    @type {<T extends Element = HTMLElement>(root: ParentNode, selector: string, kind?: Kind<T>) => T} */
export const part = (root, selector, kind = any()) => expect(root.querySelector(selector), kind, selector);

/** Return a copy of the element that a template holds.
    @type {(id: string) => HTMLElement} */
export const copyOf = (id) =>
  expect(byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true), HTMLElement, `#${id}`);

/** Return all elements in `root` that a selector finds, which are of one kind.
    @type {<T extends Element = HTMLElement>(root: ParentNode, selector: string, kind?: Kind<T>) => T[]} */
export const parts = (root, selector, kind = any()) =>
  Array.from(root.querySelectorAll(selector), (each) => expect(each, kind, selector));

/** Return the field of a form. Raises `TypeError` where it is no input.
    @type {(form: HTMLFormElement, name: string) => HTMLInputElement} */
export const field = (form, name) => expect(form.elements.namedItem(name), HTMLInputElement, name);

/** Return the nearest element that a selector finds from where an event happened on outwards; null where there
    is none of that kind.
    @type {<T extends Element = HTMLElement>(event: { target: EventTarget | null }, selector: string, kind?: Kind<T>) => T | null} */
export function around({ target }, selector, kind = any()) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof kind ? found : null;
}

/** Any kind of HTML.
    @type {() => any} */
function any() {
  return HTMLElement;
}

/** Return what a form holds as it would be sent; files are left to the browser.
    @type {(form: HTMLFormElement) => URLSearchParams} */
export const fieldsOf = (form) => new URLSearchParams(/** @type {any} */ (new FormData(form)));
