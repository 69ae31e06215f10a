/* Resumable upload by the tus protocol.

   Selecting the same file again after a reload, or after closing the browser, resumes the upload; its address is in
   upload/resume-store.js.

   Rule: a transfer as in upload/scheduler.js; reports nothing after `stop`. It does not retry by itself, because the
   queue decides when. */

import { base, Failure, failure, headers, send } from "../core/http.js";
import { text } from "../core/texts.js";
import { bodyLimit } from "./limits.js";
import { claim, fingerprintOf } from "./resume-store.js";
import { library } from "./tus.js";

/** @import { ProtocolReport } from "./transfers.js" */
/** @import { Task } from "./task.js" */

// The maximum body of one request, unless a lower limit was found: accepted by most proxies that limit bodies (the
// strict public ones allow 100 MB). A buffering proxy loses no more than this when the connection drops, and at 1
// Gbit/s the round trip in between takes 1 percent of the time. A multiple of the block of the content hash, so that
// the server reads each block once.
const PART_BYTES = 64 * 1024 * 1024;

const ENDPOINT = new URL(`${base}uploads`, document.baseURI).href;
const FILES = `${base}files/`;
const FORBIDDEN = 403;

/** @type {(task: Task) => Record<string, unknown>} */
function metadataOf({ file, path, onConflict }) {
  const folder = path.split("/").slice(0, -1).join("/");
  const metadata = { filename: path.split("/").at(-1), folder, filetype: file.type };
  const known = Object.entries(metadata).filter(([, value]) => value);
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
    // Whether this transfer has sent any bytes; if not, a finished upload may be days old.
    this.hasSent = false;
    // The number of starts and stops; callbacks of an earlier run are ignored.
    this.run = 0;
  }

  /** The body size of the next request. */
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
      await this.resume(upload);
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

  /** Return how many bytes the server holds, 0 if unknown; the server answers once running requests have ended. */
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
      // If this fails, the upload expires on the server.
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
      onUploadUrlAvailable: () => this.recordAddress(run),
      onBeforeRequest: () => this.abortIfOutdated(run),
      onAfterResponse: (/** @type {any} */ request, /** @type {any} */ response) =>
        this.checkAnswer(run, request, response),
      onProgress: (/** @type {number} */ bytes) => run === this.run && this.report.sent(bytes),
      onSuccess: (/** @type {any} */ answered) => this.finish(run, answered.lastResponse),
      onError: (/** @type {any} */ problem) => this.fail(run, problem),
    };
  }

  /** Continue an earlier upload of the same file if one is stored.
      @type {(upload: any) => Promise<void>} */
  async resume(upload) {
    /** @type {{ uploadUrl: string }[]} */
    const previous = this.isOwner ? await upload.findPreviousUploads() : [];
    const known = previous.find(({ uploadUrl }) => !this.url || uploadUrl === this.url);
    if (known ?? this.url) {
      upload.resumeFromPreviousUpload(known ?? { uploadUrl: this.url, urlStorageKey: null });
    }
  }

  /** Abort a request of an earlier run: the library does not remember that it was aborted.
      @type {(run: number) => void} */
  abortIfOutdated(run) {
    if (run !== this.run) {
      throw new Failure(0, "");
    }
  }

  /** Record the address of the upload, relative to this server, whatever host it names.
      @type {(run: number) => void} */
  recordAddress(run) {
    if (run === this.run) {
      this.upload.url = `${ENDPOINT}/${this.upload.url.split("/").at(-1)}`;
      this.url = this.upload.url;
    }
  }

  /** Check an answer before the library does: it would start anew after most failures of a HEAD request.
      @type {(run: number, request: any, response: any) => Promise<void>} */
  async checkAnswer(run, request, response) {
    const status = response.getStatus();
    const isHead = request.getMethod() === "HEAD";
    const isGone = isHead && (status === 404 || status === 410);
    if (isHead && status === FORBIDDEN) {
      // The answer to a HEAD request has no body; this one tells if the session is the cause.
      await send("GET", `${base}me`);
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

  /** Return whether the file that the upload created is still the same.
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
      // Without a request, the file could not be read.
      this.report.failed(problem.originalRequest ? failure(0, "") : new Failure(-1, text("file-changed")));
    }
  }

  /** Claim the stored upload of this file, so that only one transfer resumes it.
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
