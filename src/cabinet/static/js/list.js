/* The list on the page, brought up to date without a reload.

   Rows are drawn by the server alone: what is new is taken from a fresh copy of the page and put
   in its place, so that scroll position, focus and rows already loaded stay as they are. */

import { failure, fetchPage } from "./http.js";
import { showTimes } from "./times.js";

const list = document.getElementById("list");
const rows = (root) => [...root.querySelectorAll("#rows [data-path]")];

/** Fetch a page of files; raises `Failure`, also when it has become the page to sign in on. */
export async function fetchFiles(url) {
  const fresh = await fetchPage(url);
  if (!fresh.getElementById("list")) {
    throw failure(401, "");
  }
  return fresh;
}

/** Take a row out, and its group with it when nothing is left there. */
function takeOut(row) {
  const group = row.parentElement;
  row.remove();
  if (!group.childElementCount) {
    group.remove();
  }
}

/** Put `row` where it stands among `fresh` rows: behind the nearest one before it that is here too. */
function place(row, fresh) {
  const here = new Map(rows(list).map((each) => [each.dataset.path, each]));
  const before = fresh.slice(0, fresh.indexOf(row)).findLast((each) => here.has(each.dataset.path));
  const present = here.get(row.dataset.path);
  const hadFocus = present?.contains(document.activeElement);
  const adopted = document.importNode(row, true);
  showTimes(adopted);
  adopted.classList.add("is-new");
  if (before) {
    here.get(before.dataset.path).after(adopted);
  } else {
    list.querySelector("#rows > *").prepend(adopted);
  }
  if (present) {
    takeOut(present);
  }
  if (hadFocus) {
    adopted.querySelector(".name").focus();
  }
}

export function replaceAll(fresh) {
  list.replaceChildren(...document.importNode(fresh.getElementById("list"), true).childNodes);
  showTimes(list);
}

function replaceTotals(fresh) {
  for (const id of ["totals", "space"]) {
    document.getElementById(id).replaceWith(document.importNode(fresh.getElementById(id), true));
  }
}

/** Show what has become of `paths`, which may be new or replaced. */
export async function refresh(paths) {
  const asked = location.href;
  const fresh = await fetchFiles(asked);
  if (asked !== location.href) {
    // Another folder is open by now, and was fetched later than this.
    return;
  }
  if (!list.querySelector("#rows") || !fresh.querySelector("#rows")) {
    replaceAll(fresh);
    rows(list).forEach((row) => row.classList.toggle("is-new", paths.has(row.dataset.path)));
    return;
  }
  const all = rows(fresh);
  all.filter((row) => paths.has(row.dataset.path)).forEach((row) => place(row, all));
  replaceTotals(fresh);
}

/** Take a row away and give the focus to its successor, or to what stands there instead. */
export async function remove(row) {
  const all = rows(list);
  const index = all.indexOf(row);
  const successor = all[index + 1] ?? all[index - 1];
  takeOut(row);
  (successor?.querySelector(".name") ?? document.getElementById("main")).focus();
  const fresh = await fetchFiles(location.href);
  if (successor) {
    replaceTotals(fresh);
  } else {
    replaceAll(fresh);
  }
}

/** Append the next page of rows in place of going there. */
async function showMore(link) {
  const known = new Set(rows(list).map((row) => row.dataset.path));
  const fresh = await fetchFiles(link.href);
  rows(fresh)
    .filter((row) => known.has(row.dataset.path))
    .forEach(takeOut);
  const groups = [...fresh.querySelectorAll("#rows > *")].map((group) => document.importNode(group, true));
  groups.forEach(showTimes);
  list.querySelector("#rows").append(...groups);
  const next = fresh.getElementById("more");
  if (next) {
    link.href = next.getAttribute("href");
  } else {
    link.parentElement.remove();
  }
  groups[0]?.querySelector(".name").focus({ preventScroll: true });
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
