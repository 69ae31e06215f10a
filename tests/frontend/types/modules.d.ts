/* The modules of the page that tests load, by their names in static/js. */

export interface Modules {
  "actions/changes.js": typeof import("../../../src/cabinet/static/js/actions/changes.js");
  "actions/undo.js": typeof import("../../../src/cabinet/static/js/actions/undo.js");
  "core/format.js": typeof import("../../../src/cabinet/static/js/core/format.js");
  "core/paths.js": typeof import("../../../src/cabinet/static/js/core/paths.js");
  "core/retry.js": typeof import("../../../src/cabinet/static/js/core/retry.js");
  "core/texts.js": typeof import("../../../src/cabinet/static/js/core/texts.js");
  "list/model.js": typeof import("../../../src/cabinet/static/js/list/model.js");
  "list/selection.js": typeof import("../../../src/cabinet/static/js/list/selection.js");
  "preview/file-cursor.js": typeof import("../../../src/cabinet/static/js/preview/file-cursor.js");
  "preview/encodings.js": typeof import("../../../src/cabinet/static/js/preview/encodings.js");
  "preview/kinds.js": typeof import("../../../src/cabinet/static/js/preview/kinds.js");
  "preview/text-parts.js": typeof import("../../../src/cabinet/static/js/preview/text-parts.js");
  "ui/key-combination.js": typeof import("../../../src/cabinet/static/js/ui/key-combination.js");
  "upload/content-hash.js": typeof import("../../../src/cabinet/static/js/upload/content-hash.js");
  "upload/hash-worker.js": typeof import("../../../src/cabinet/static/js/upload/hash-worker.js");
  "upload/queue.js": typeof import("../../../src/cabinet/static/js/upload/queue.js");
  "upload/resume-store.js": typeof import("../../../src/cabinet/static/js/upload/resume-store.js");
  "upload/task.js": typeof import("../../../src/cabinet/static/js/upload/task.js");
  "upload/announcements.js": typeof import("../../../src/cabinet/static/js/upload/announcements.js");
}
