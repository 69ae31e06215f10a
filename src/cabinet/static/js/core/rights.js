/* What this page may do with the files that it shows: everything where they are the user's own, and what a link gives
   where they are somebody's who shares them.

   Rule: says what to offer; the server decides. */

const given = document.getElementById("main")?.dataset.rights?.split(" ");

/** Return whether the page has a right: "list", "read", "write" or "delete". A link never gives "own", that to
    versions, the trash and further sharing.
    @type {(right: string) => boolean} */
export const may = (right) => !given || given.includes(right);
