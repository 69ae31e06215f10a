/* Typed lookup of elements in the page.

   Rule: a required element that is missing or of another type raises at the point of lookup. */

/** The constructor of an element type.
    @template {Element} T
    @typedef {new () => T} Kind */

/** Return `found` if it is an instance of `kind`. Raises `TypeError`.
    @type {<T extends Element>(found: unknown, kind: Kind<T>, name: string) => T} */
function expect(found, kind, name) {
  if (!(found instanceof kind)) {
    throw new TypeError(`${name} is no ${kind.name}`);
  }
  return found;
}

/** Return the element with an id. Raises `TypeError` if it is missing or of another type.
    @type {<T extends Element = HTMLElement>(id: string, kind?: Kind<T>) => T} */
export const byId = (id, kind = any()) => expect(document.getElementById(id), kind, `#${id}`);

/** Return the first element in `root` that matches a selector. Raises `TypeError` if there is none of that type.
    @type {<T extends Element = HTMLElement>(root: ParentNode, selector: string, kind?: Kind<T>) => T} */
export const part = (root, selector, kind = any()) => expect(root.querySelector(selector), kind, selector);

/** Return a copy of the first element in a template.
    @type {(id: string) => HTMLElement} */
export const copyOf = (id) =>
  expect(byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true), HTMLElement, `#${id}`);

/** Return all elements in `root` that match a selector. Raises `TypeError` if one is of another type.
    @type {<T extends Element = HTMLElement>(root: ParentNode, selector: string, kind?: Kind<T>) => T[]} */
export const parts = (root, selector, kind = any()) =>
  Array.from(root.querySelectorAll(selector), (each) => expect(each, kind, selector));

/** Return the input of a form by its name. Raises `TypeError` if it is no input.
    @type {(form: HTMLFormElement, name: string) => HTMLInputElement} */
export const field = (form, name) => expect(form.elements.namedItem(name), HTMLInputElement, name);

/** Return the closest ancestor of an event's target (itself included) that matches a selector; null if there is
    none of that type.
    @type {<T extends Element = HTMLElement>(event: { target: EventTarget | null }, selector: string, kind?: Kind<T>) => T | null} */
export function around({ target }, selector, kind = any()) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof kind ? found : null;
}

/** The default type: any HTML element.
    @type {() => any} */
function any() {
  return HTMLElement;
}

/** Return the fields of a form as they would be sent, without files.
    @type {(form: HTMLFormElement) => URLSearchParams} */
export const fieldsOf = (form) => new URLSearchParams(/** @type {any} */ (new FormData(form)));
