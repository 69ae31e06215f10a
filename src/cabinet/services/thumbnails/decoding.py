"""The process that decodes pictures: it forks for each of them, so that each has limits of its own.

It is a fresh interpreter with one thread, so that it may fork, which a server with its threads may
not; and it has loaded the decoders already, so that a picture costs a fork and no start. What a
picture does to its process, be it a crash, a loop or all of its memory, ends with that process.

On standard input come requests, a head and then the content; on standard output goes an answer for
each, its length and then a WebP, of length 0 where there is none. One empty answer says first that
the decoders are loaded.

Rule: knows neither the database nor the store; a process that decodes has nothing but the content.
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

# Of a request: pixels of the square, bytes of the content. Of an answer: bytes.
REQUEST_HEAD = struct.Struct(">HQ")
ANSWER_HEAD = struct.Struct(">I")

# Bytes that a thumbnail has at most; one of 1600 pixels that is all noise has a half of it.
LONGEST_ANSWER = 8 << 20

# Of one picture: bytes of address space, of which the interpreter with its decoders takes 60 MB and
# what imaging.py allows 430 MB; and seconds of processor time.
ADDRESS_SPACE = 512 << 20
CPU_SECONDS = 15

# Where a process says how readily it is ended when the machine runs out of memory, and that this one
# goes first: a server does more than a picture that can be made again.
_READINESS, _FIRST_OF_ALL = "/proc/self/oom_score_adj", "1000"

LIMITS = {
    resource.RLIMIT_AS: ADDRESS_SPACE,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_CORE: 0,
    # It writes to a pipe, and to no file.
    resource.RLIMIT_FSIZE: 0,
}

MakeThumbnail = Callable[[BinaryIO, int], bytes | None]


def serve(make: MakeThumbnail) -> None:
    """Answer requests on standard input until it ends; `make` gets the content and the size."""
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
    """Return what `make` returns in a process that ends with it, nothing if that ends otherwise."""
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
        # Neither the handlers nor the buffers of the process that it is a copy of are its own.
        os._exit(status)


def _confine(writing: int) -> None:
    """Leave this process its limits and no descriptor but the one that it answers on."""
    # Only Linux has it.
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
