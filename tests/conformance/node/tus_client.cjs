// One upload by tus-js-client, as the JSON of the only argument says; tells what happens in lines of JSON.
//
//   endpoint, file, headers, options   what tus-js-client is given
//   storage                            a file that remembers uploads; one that it knows is resumed
//   input                              "file" (default), "buffer" or "stream"
//   pauseAt                            abort once so many bytes are accepted, then start again
//   leaveAt                            abort then and be done
//   terminateAt                        abort and cancel it on the server then
//   shown                              names of headers of the last answer that are told

const fs = require("node:fs");
const tus = require("tus-js-client");

const wanted = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

function open() {
  if (wanted.input === "buffer") return fs.readFileSync(wanted.file);
  // A stream with a path is read piece by piece, in any order; one without only from front to back.
  if (wanted.input === "stream") return fs.createReadStream(wanted.file).pipe(new (require("node:stream").PassThrough)());
  return fs.createReadStream(wanted.file);
}

const answers = [];
let stopped = false;

const upload = new tus.Upload(open(), {
  endpoint: wanted.endpoint,
  headers: wanted.headers,
  retryDelays: [],
  ...(wanted.storage ? { urlStorage: new tus.FileUrlStorage(wanted.storage) } : {}),
  ...wanted.options,
  onAfterResponse(request, response) {
    answers.push([request.getMethod(), response.getStatus()]);
    const shown = {};
    for (const name of wanted.shown ?? []) shown[name] = response.getHeader(name) ?? null;
    say({ event: "answer", method: request.getMethod(), status: response.getStatus(), shown });
  },
  onUploadUrlAvailable() {
    say({ event: "url", url: upload.url });
  },
  onProgress: (sent, total) => say({ event: "progress", sent, total }),
  onChunkComplete(size, accepted, total) {
    say({ event: "accepted", accepted, total });
    if (!stopped) at(accepted);
  },
  onSuccess: () => say({ event: "success", url: upload.url, answers }),
  onError(error) {
    const response = error.originalResponse;
    say({ event: "error", text: String(error), status: response ? response.getStatus() : null });
    process.exitCode = 1;
  },
});

function at(accepted) {
  if (wanted.pauseAt && accepted >= wanted.pauseAt) {
    stopped = true;
    upload.abort().then(() => {
      say({ event: "paused" });
      upload.start();
    });
  } else if (wanted.leaveAt && accepted >= wanted.leaveAt) {
    stopped = true;
    upload.abort().then(() => say({ event: "left", url: upload.url }));
  } else if (wanted.terminateAt && accepted >= wanted.terminateAt) {
    stopped = true;
    upload.abort(true).then(() => say({ event: "terminated", url: upload.url }));
  }
}

upload.findPreviousUploads().then((known) => {
  if (known.length) {
    say({ event: "known" });
    upload.resumeFromPreviousUpload(known[0]);
  }
  upload.start();
});
