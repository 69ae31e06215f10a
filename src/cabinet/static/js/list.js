/* The list on the page, brought up to date without a reload.

   Rows are drawn by the server alone: what is new is taken from a fresh copy of the page and put
   in its place, so that scroll position, focus and rows already loaded stay as they are. */

import { fetchPage } from "./http.js";
import { showTimes } from "./times.js";

const list = document.getElementById("list");
const rows = (root) => [...root.querySelectorAll("#rows > [data-path]")];
const rowOf = (root, path) => rows(root).find((row) => row.dataset.path === path);

/** Put `row` where it stands in the fresh list: behind the nearest neighbour that is here too. */
function place(row) {
  let before = row.previousElementSibling;
  while (before && !rowOf(list, before.dataset.path)) {
    before = before.previousElementSibling;
  }
  const fresh = document.importNode(row, true);
  showTimes(fresh);
  fresh.classList.add("is-new");
  const present = rowOf(list, row.dataset.path);
  if (present?.contains(document.activeElement)) {
    present.after(fresh);
    fresh.querySelector(".name").focus();
  }
  present?.remove();
  if (before) {
    rowOf(list, before.dataset.path).after(fresh);
  } else {
    list.querySelector("#rows").prepend(fresh);
  }
}

function replaceAll(fresh) {
  list.replaceChildren(...document.importNode(fresh.getElementById("list"), true).childNodes);
  showTimes(list);
}

function replaceTotals(fresh) {
  document.getElementById("totals").replaceWith(document.importNode(fresh.getElementById("totals"), true));
}

/** Show what has become of `paths`, which may be new or replaced. */
export async function refresh(paths) {
  const fresh = await fetchPage(location.href);
  const wanted = rows(fresh).filter((row) => paths.has(row.dataset.path));
  if (!list.querySelector("#rows") || !fresh.querySelector("#rows")) {
    replaceAll(fresh);
    rows(list).forEach((row) => row.classList.toggle("is-new", paths.has(row.dataset.path)));
    return;
  }
  wanted.forEach(place);
  replaceTotals(fresh);
}

/** Take a row away and give the focus to its successor, or to what stands there instead. */
export async function remove(row) {
  const successor = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (successor?.querySelector(".name") ?? document.getElementById("main")).focus();
  const fresh = await fetchPage(location.href);
  if (successor) {
    replaceTotals(fresh);
  } else {
    replaceAll(fresh);
  }
}

/** Append the next page of rows in place of going there. */
async function showMore(link) {
  const known = new Set(rows(list).map((row) => row.dataset.path));
  const fresh = await fetchPage(link.href);
  const added = rows(fresh).filter((row) => !known.has(row.dataset.path));
  const adopted = added.map((row) => document.importNode(row, true));
  adopted.forEach(showTimes);
  list.querySelector("#rows").append(...adopted);
  const next = fresh.getElementById("more");
  if (next) {
    link.href = next.getAttribute("href");
  } else {
    link.parentElement.remove();
  }
  adopted[0]?.querySelector(".name").focus({ preventScroll: true });
}

export function bindMore() {
  list.addEventListener("click", (event) => {
    const link = event.target.closest("#more");
    if (link) {
      event.preventDefault();
      showMore(link).catch(() => location.assign(link.href));
    }
  });
}
