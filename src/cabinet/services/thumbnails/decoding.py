"""The process that decodes images: it forks for each image, so that each has its own limits.

It is a new interpreter with one thread, because a server with threads cannot safely fork; and it has
already loaded the decoders, so that an image costs only a fork. A crash, an endless loop or memory
exhaustion only ends the forked process of that image.

Standard input has requests: a header and the content. Standard output has one response for each: its
length and a WebP image, with length 0 if decoding failed. A first empty response signals that the
decoders are loaded.

Rule: no access to the database or the store; a decoding process has only the content.
"""

from __future__ import annotations

import io
import os
import resource
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

# Request: side of the square in pixels, size of the content in bytes. Response: size in bytes.
REQUEST_HEAD = struct.Struct(">HQ")
ANSWER_HEAD = struct.Struct(">I")

# The maximum size of a thumbnail in bytes; 1600 pixels of noise take half of it.
LONGEST_ANSWER = 8 << 20

# Limits for one image: bytes of address space, of which the interpreter with its decoders takes 60 MB
# and imaging.py allows 430 MB; and seconds of CPU time.
ADDRESS_SPACE = 512 << 20
CPU_SECONDS = 15

# Makes this process the first that the kernel kills when the machine runs out of memory: a thumbnail
# can be made again.
_READINESS, _FIRST_OF_ALL = "/proc/self/oom_score_adj", "1000"

LIMITS = {
    resource.RLIMIT_AS: ADDRESS_SPACE,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_CORE: 0,
    # It writes only to a pipe, not to files.
    resource.RLIMIT_FSIZE: 0,
}

MakeThumbnail = Callable[[BinaryIO, int], bytes | None]


def serve(make: MakeThumbnail) -> None:
    """Handle requests on standard input until it ends; `make` gets the content and the size."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    answer = b""
    while True:
        answers.write(ANSWER_HEAD.pack(len(answer)) + answer)
        answers.flush()
        head = requests.read(REQUEST_HEAD.size)
        if len(head) < REQUEST_HEAD.size:
            return
        size, length = REQUEST_HEAD.unpack(head)
        content = requests.read(length)
        if len(content) < length:
            return
        answer = _in_own_process(make, content, size)
        del content


def _in_own_process(make: MakeThumbnail, content: bytes, size: int) -> bytes:
    """Run `make` in a forked process and return its result, empty bytes if the process fails."""
    reading, writing = os.pipe()
    process_id = os.fork()
    if process_id == 0:
        _make_and_exit(make, content, size, writing)
    os.close(writing)
    with open(reading, "rb") as made:
        answer = made.read(LONGEST_ANSWER + 1)
    _, status = os.waitpid(process_id, 0)
    return answer if status == 0 and len(answer) <= LONGEST_ANSWER else b""


def _make_and_exit(make: MakeThumbnail, content: bytes, size: int, writing: int) -> None:
    status = 1
    try:
        _confine(writing)
        made = make(io.BytesIO(content), size) or b""
        with open(writing, "wb") as answer:
            answer.write(made)
        status = 0
    finally:
        # Skips exit handlers and buffers inherited from the parent.
        os._exit(status)


def _confine(writing: int) -> None:
    """Set the limits of this process, and close all descriptors except the one for the response."""
    # Linux only.
    with suppress(OSError), open(_READINESS, "w", encoding="ascii") as readiness:
        readiness.write(_FIRST_OF_ALL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, writing)
    os.closerange(writing + 1, os.sysconf("SC_OPEN_MAX"))
    for kind, wanted in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    from cabinet.services.thumbnails.imaging import make_thumbnail

    serve(make_thumbnail)
