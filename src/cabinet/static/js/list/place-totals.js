/* How much there is in the open place, also of what is not loaded. */

import { byId } from "../core/dom.js";
import { root, send } from "../core/http.js";

/** Return the `count` of the entries in a folder or in the trash and their `size` in bytes, which is null in
    the trash; raises `Failure`.
    @type {() => Promise<{ count: number, size: number | null }>} */
export async function totals() {
  const { count, size } = byId("totals").dataset;
  if (count !== undefined) {
    return { count: Number(count), size: Number(size) };
  }
  const response = await send("GET", `${root}trash/count`);
  return { count: (await response.json()).count, size: null };
}
