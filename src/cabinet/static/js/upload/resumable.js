/* A file sent by the tus protocol: whatever happens on the way, it goes on from where it stopped.

   Choosing the same file again after a reload, or in a browser that was closed, goes on with it, too:
   upload/resume-store.js knows where it lies.

   Rule: a transfer as upload/queue.js describes it; after `stop` it reports nothing. It never tries again
   by itself, for the queue knows better when. */

import { Failure, failure, headers, root, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { bodyLimit } from "./limits.js";
import { claim, fingerprintOf } from "./resume-store.js";
import { library } from "./tus.js";

/** @import { ProtocolReport } from "./transfers.js" */
/** @import { Task } from "./task.js" */

// What one request carries at most, unless a limit in front was met: most proxies that limit bodies let
// it pass (the stricter public ones allow 100 MB), one that takes in all of a body before it passes it on loses no more than this
// when the line drops, and at 1 Gbit/s the round trip in between is a hundredth of the time. A
// multiple of the block of the content hash, so that the server never reads one twice.
const PART_BYTES = 64 * 1024 * 1024;

const ENDPOINT = new URL(`${root}uploads`, document.baseURI).href;
const FILES = `${root}files/`;
const FORBIDDEN = 403;

/** @type {(task: Task) => Record<string, unknown>} */
function metadataOf({ file, path, onConflict }) {
  const folder = path.split("/").slice(0, -1).join("/");
  const told = { filename: path.split("/").at(-1), folder, filetype: file.type };
  const known = Object.entries(told).filter(([, value]) => value);
  return { ...Object.fromEntries(known), mtime: file.lastModified / 1000, on_conflict: onConflict };
}

export class ResumableTransfer {
  /** @param {Task} task
      @param {ProtocolReport} report */
  constructor(task, report) {
    this.task = task;
    this.report = report;
    this.fingerprint = fingerprintOf(task);
    this.isOwner = false;
    /** @type {() => void} */
    this.unclaim = () => {};
    /** @type {any} */
    this.upload = null;
    /** @type {string | null} */
    this.url = null;
    this.partBytes = PART_BYTES;
    // Whether any byte went from here; if not, what is finished may have been so for days.
    this.hasSent = false;
    // Counts starts and stops: what an earlier start still says is not for anybody any more.
    this.run = 0;
  }

  /** How much the next request carries. */
  get bodyBytes() {
    return Math.min(this.partBytes, this.task.size - this.task.kept);
  }

  async start() {
    this.run += 1;
    this.partBytes = Math.min(PART_BYTES, bodyLimit());
    const { run } = this;
    try {
      const tus = await library();
      await this.claim(run);
      const upload = new tus.Upload(this.task.file, this.options(run));
      await this.recall(upload);
      if (run === this.run) {
        this.upload = upload;
        upload.start();
      }
    } catch (problem) {
      this.fail(run, problem);
    }
  }

  stop() {
    this.run += 1;
    this.unclaim();
    this.upload?.abort();
  }

  /** Return how many bytes the server holds, 0 when it does not tell; it waits for what is still coming in. */
  async count() {
    if (!this.url) {
      return 0;
    }
    try {
      const answer = await send("HEAD", this.url, null, { "Tus-Resumable": "1.0.0" });
      return Number(answer.headers.get("Upload-Offset"));
    } catch {
      return 0;
    }
  }

  async drop() {
    this.stop();
    const { url } = this;
    if (url) {
      const tus = await library();
      // When this fails the upload expires by itself.
      tus.Upload.terminate(url, { headers, retryDelays: [1_000, 3_000] }).catch(() => {});
      const storage = tus.defaultOptions.urlStorage;
      /** @type {{ uploadUrl: string, urlStorageKey: string }[]} */
      const previous = await storage.findUploadsByFingerprint(this.fingerprint);
      previous
        .filter(({ uploadUrl }) => uploadUrl === url)
        .forEach(({ urlStorageKey }) => storage.removeUpload(urlStorageKey));
    }
  }

  /** @type {(run: number) => object} */
  options(run) {
    const { isOwner } = this;
    return {
      endpoint: ENDPOINT,
      headers,
      chunkSize: this.partBytes,
      metadata: metadataOf(this.task),
      retryDelays: null,
      fingerprint: async () => (isOwner ? this.fingerprint : null),
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => this.note(run),
      onBeforeRequest: () => this.check(run),
      onAfterResponse: (/** @type {any} */ request, /** @type {any} */ response) =>
        this.look(run, request, response),
      onProgress: (/** @type {number} */ bytes) => run === this.run && this.report.sent(bytes),
      onSuccess: (/** @type {any} */ answered) => this.finish(run, answered.lastResponse),
      onError: (/** @type {any} */ problem) => this.fail(run, problem),
    };
  }

  /** Let `upload` go on with what an earlier one, perhaps of another day, has begun.
      @type {(upload: any) => Promise<void>} */
  async recall(upload) {
    /** @type {{ uploadUrl: string }[]} */
    const previous = this.isOwner ? await upload.findPreviousUploads() : [];
    const known = previous.find(({ uploadUrl }) => !this.url || uploadUrl === this.url);
    if (known ?? this.url) {
      upload.resumeFromPreviousUpload(known ?? { uploadUrl: this.url, urlStorageKey: null });
    }
  }

  /** Keep a request of an earlier start from being sent: the library forgets that it was aborted.
      @type {(run: number) => void} */
  check(run) {
    if (run !== this.run) {
      throw new Failure(0, "");
    }
  }

  /** Note where the upload lies: on this server, by whatever name the server knows itself.
      @type {(run: number) => void} */
  note(run) {
    if (run === this.run) {
      this.upload.url = `${ENDPOINT}/${this.upload.url.split("/").at(-1)}`;
      this.url = this.upload.url;
    }
  }

  /** Judge an answer before the library does: after most failures of a HEAD it would begin anew.
      @type {(run: number, request: any, response: any) => Promise<void>} */
  async look(run, request, response) {
    const status = response.getStatus();
    const isHead = request.getMethod() === "HEAD";
    const isGone = isHead && (status === 404 || status === 410);
    if (isHead && status === FORBIDDEN) {
      // The answer to a HEAD does not say why; if it is because of who is signed in, this does.
      await send("GET", `${root}me`);
    }
    if (isGone) {
      this.url = null;
    } else if (status >= 300) {
      throw failure(status, response.getBody(), response.getHeader("Retry-After"));
    }
    this.hasSent ||= request.getMethod() === "PATCH";
    const offset = isGone ? "0" : response.getHeader("Upload-Offset");
    if (offset !== null && run === this.run) {
      this.report.kept(Number(offset));
    }
  }

  /** @type {(run: number, response: any) => Promise<void>} */
  async finish(run, response) {
    const contentHash = response.getHeader("X-Content-Hash");
    const isThere = this.hasSent || (await this.isThere(contentHash));
    if (run !== this.run) {
      return;
    }
    this.unclaim();
    if (!isThere) {
      this.url = null;
      this.start();
      return;
    }
    const { pathname } = new URL(response.getHeader("Content-Location") ?? "", ENDPOINT);
    const isKnown = pathname.startsWith(FILES);
    const path = isKnown ? decodeURIComponent(pathname.slice(FILES.length)) : this.task.path;
    this.report.stored({ path, contentHash, wasReplaced: this.task.isReplacing });
  }

  /** Tell whether the file that the upload once became is still what it was then.
      @type {(contentHash: string | null) => Promise<boolean>} */
  async isThere(contentHash) {
    try {
      const entry = await (await send("GET", this.url ?? "")).json();
      return entry.content_hash === contentHash;
    } catch {
      return false;
    }
  }

  /** @type {(run: number, problem: any) => void} */
  fail(run, problem) {
    if (run !== this.run) {
      return;
    }
    this.unclaim();
    const cause = problem.causingError ?? problem;
    if (cause instanceof Failure) {
      this.report.failed(cause);
    } else {
      // Without a request it was the file that could not be had.
      this.report.failed(problem.originalRequest ? failure(0, "") : new Failure(-1, text("file-changed")));
    }
  }

  /** Be the one upload of this file that goes on with what is kept, unless another is just doing so.
      @type {(run: number) => Promise<void>} */
  async claim(run) {
    const release = await claim(this.fingerprint);
    if (run !== this.run) {
      release?.();
      return;
    }
    this.isOwner = release !== null || this.url !== null;
    this.unclaim = () => release?.();
  }
}
