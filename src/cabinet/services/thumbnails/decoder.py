"""Has pictures decoded in a process of their own (decoding.py), which a server outlives.

That process is started with the first picture and kept for those that follow. It has an empty
environment and no descriptor but two pipes; when a picture takes too long, it is ended with all
that it has started, and the next picture starts another.

Rule: no decoder is ever loaded here.
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

# The media types of files that are worth a try.
MEDIA_TYPES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/tiff", "image/heic", "image/heif"
}  # fmt: skip

# Bytes of a file that is looked at; the decoders hold all of it. A TIFF of 24 megapixels has 144 MB.
LONGEST = 150_000_000

# Seconds for one picture, whatever it waits for; and for the start of the process.
PATIENCE = 30.0
_START_PATIENCE = 60.0

COMMAND = (sys.executable, "-I", "-m", "cabinet.services.thumbnails.decoding")

# One heap for all threads of a decoder, for each more takes 64 MB of the address space; and where an
# interpreter of its own may find its libraries.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Decoder:
    """Makes thumbnails one after the other, for one thread."""

    def __init__(self, command: Sequence[str] = COMMAND, patience: float = PATIENCE) -> None:
        self._command = command
        self._patience = patience
        self._child: _Child | None = None

    def make(self, stream: BinaryIO, size: int) -> bytes | None:
        """Return a WebP that fits into a square of `size` pixels, None where none can be made.

        `stream` belongs to the caller. Raises OSError when the process cannot be started.
        """
        length = stream.seek(0, io.SEEK_END)
        if length > LONGEST:
            return None
        stream.seek(0)
        if self._child is None:
            self._child = _Child(self._command)
        try:
            return self._child.ask(stream, length, size, self._patience)
        except BaseException as error:
            # Nobody knows any more what it has read, and of which picture its next answer is.
            self.close()
            if isinstance(error, _Ended):
                return None
            raise

    def close(self) -> None:
        """End the process, if there is one; the next picture starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None


class _Ended(Exception):
    """The process is gone, or has answered what it never does."""


class _Child:
    """The process, and what is on its way to it and back."""

    def __init__(self, command: Sequence[str]) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ENVIRONMENT | kept,
            cwd="/",
            # A group of its own, that all of it can be ended; and no Ctrl-C of the server's terminal.
            start_new_session=True,
        )
        self._ending = threading.Lock()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        try:
            with self._no_longer_than(_START_PATIENCE):
                self._read_answer()
        except _Ended as error:
            self.end()
            raise OSError("the process that decodes pictures did not start") from error

    def ask(self, stream: BinaryIO, length: int, size: int, patience: float) -> bytes | None:
        """Return the answer to a request; raises `_Ended` when there is none in time."""
        with self._no_longer_than(patience):
            self._send(REQUEST_HEAD.pack(size, length))
            while chunk := stream.read(CHUNK_SIZE):
                self._send(chunk)
            return self._read_answer() or None

    def end(self) -> None:
        """Kill the process with all that it has started."""
        self._kill()
        # What was on its way to it is lost.
        with suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        with self._ending:
            self._process.wait()

    def _kill(self) -> None:
        with self._ending:
            # Once it has been waited for, its number may be another's.
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    @contextmanager
    def _no_longer_than(self, patience: float) -> Iterator[None]:
        """Kill the process when the body takes longer than so many seconds."""
        timer = threading.Timer(patience, self._kill)
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
