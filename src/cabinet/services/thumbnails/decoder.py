"""Decode images in a separate process (decoding.py), whose crashes the server survives.

The process is started for the first image and reused. It has an empty environment and no descriptors
except two pipes. When an image takes too long, the process and its children are killed, and the next
image starts another process.

Rule: never import an image decoder here.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from cabinet.services.thumbnails.decoding import ANSWER_HEAD, LONGEST_ANSWER, REQUEST_HEAD
from cabinet.storage.chunks import CHUNK_SIZE

# The media types of files that may have a thumbnail.
MEDIA_TYPES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/tiff", "image/heic", "image/heif"
}  # fmt: skip

# The maximum size of a file in bytes; decoders read all of it. A TIFF of 24 megapixels has 144 MB.
LONGEST = 150_000_000

# Seconds for one image, of any kind of time; and for the start of the process.
TIMEOUT = 30.0
_START_TIMEOUT = 60.0

COMMAND = (sys.executable, "-I", "-m", "cabinet.services.thumbnails.decoding")

# One malloc arena for all threads of a decoder, because each more takes 64 MB of address space. The
# kept variables are needed by interpreters with libraries in unusual places.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Decoder:
    """Makes thumbnails one at a time; not thread-safe."""

    def __init__(self, command: Sequence[str] = COMMAND, timeout: float = TIMEOUT) -> None:
        self._command = command
        self._timeout = timeout
        self._child: _Child | None = None

    def make(self, stream: BinaryIO, size: int) -> bytes | None:
        """Return a WebP image that fits into a square of `size` pixels, None if decoding fails.

        `stream` belongs to the caller. Raises OSError when the process cannot be started.
        """
        length = stream.seek(0, io.SEEK_END)
        if length > LONGEST:
            return None
        stream.seek(0)
        if self._child is None:
            self._child = _Child(self._command)
        try:
            return self._child.ask(stream, length, size, self._timeout)
        except BaseException as error:
            # It is unknown what the process has read, and to which request its next response belongs.
            self.close()
            if isinstance(error, _Ended):
                return None
            raise

    def close(self) -> None:
        """Kill the process, if any; the next image starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None


class _Ended(Exception):
    """The process has exited, or sent an invalid response."""


class _Child:
    """The decoding process and its pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ENVIRONMENT | kept,
            cwd="/",
            # Its own process group, so that children are killed too and Ctrl-C does not reach it.
            start_new_session=True,
        )
        self._ending = threading.Lock()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        try:
            with self._killed_after(_START_TIMEOUT):
                self._read_answer()
        except _Ended as error:
            self.end()
            raise OSError("the process that decodes pictures did not start") from error

    def ask(self, stream: BinaryIO, length: int, size: int, timeout: float) -> bytes | None:
        """Return the response to a request; raises `_Ended` on a timeout."""
        with self._killed_after(timeout):
            self._send(REQUEST_HEAD.pack(size, length))
            while chunk := stream.read(CHUNK_SIZE):
                self._send(chunk)
            return self._read_answer() or None

    def end(self) -> None:
        """Kill the process with its children."""
        self._kill()
        # Unsent data is dropped.
        with suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        with self._ending:
            self._process.wait()

    def _kill(self) -> None:
        with self._ending:
            # Once it has been waited for, its process id may be reused.
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    @contextmanager
    def _killed_after(self, timeout: float) -> Iterator[None]:
        """Kill the process when the body takes longer than `timeout` seconds."""
        timer = threading.Timer(timeout, self._kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _send(self, chunk: bytes) -> None:
        try:
            self._requests.write(chunk)
            self._requests.flush()
        except BrokenPipeError as error:
            raise _Ended from error

    def _read_answer(self) -> bytes:
        (length,) = ANSWER_HEAD.unpack(self._read(ANSWER_HEAD.size))
        if length > LONGEST_ANSWER:
            raise _Ended
        return self._read(length)

    def _read(self, size: int) -> bytes:
        read = self._answers.read(size)
        if len(read) < size:
            raise _Ended
        return read
