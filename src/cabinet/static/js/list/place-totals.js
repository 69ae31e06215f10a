/* How much the open place has, also of what is not loaded. */

import { base, send } from "../core/http.js";
import { model } from "./list.js";

/** Return the `count` of the entries in a folder or in the trash, and their `size` in bytes, which is null in the
    trash; raises `Failure`.
    @type {() => Promise<{ count: number, size: number | null }>} */
export async function totals() {
  if (model.total) {
    return model.total;
  }
  const response = await send("GET", `${base}trash/count`);
  return { count: (await response.json()).count, size: null };
}
