"""The system calls of a process, in order, and a kill at any of them.

Rule: nothing here knows the purpose of the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.programs import require_program
from tests.support.waiting import wait_until

# Calls that change the disk, or report a change.
STORAGE_CALLS = (
    "openat", "mkdir", "pwritev", "pwritev2", "pwrite64", "write", "fsync", "fdatasync", "link", "linkat",
    "rename", "renameat2", "unlink", "unlinkat", "close", "sendto", "sendmsg",
)  # fmt: skip

_LINE = re.compile(
    r"(?P<thread>\d+) +(?:(?P<name>\w+)\(|<\.\.\. (?P<resumed>\w+) resumed>)"
    r"(?P<arguments>.*?)(?: <unfinished \.\.\.>|\) += (?P<result>.+))"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One system call; `begun` and `ended` are line numbers of the log, which order the calls of all threads."""

    thread: int
    name: str
    arguments: str
    result: str
    begun: int
    ended: int


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th call with this name in one thread, counted from 1."""

    name: str
    number: int


def traced(
    command: Sequence[str], log: Path, *, calls: Iterable[str] = STORAGE_CALLS, inject: str = ""
) -> list[str]:
    """Return `command` wrapped so that its `calls` are written to `log`; `inject` is strace's own notation.

    The process that is started is that of `command`; strace is its grandchild, ends when it ends,
    and writes its last lines then.
    """
    options = ["-D", "-f", "-yy", "-s", "256", "-o", str(log), "-e", f"trace={','.join(calls)}"]
    # The filter spares all other calls the stop, but strace 6.1 then injects no signal.
    special = ["-e", f"inject={inject}"] if inject else ["--seccomp-bpf"]
    return [require_program("strace"), *options, *special, *command]


def read_whole_log(log: Path, process: int) -> list[Call]:
    """Return all calls of a log once it contains the end of `process`, which is expected."""
    end = re.compile(rf"^{process} +\+\+\+ (exited|killed)", re.MULTILINE)
    wait_until(lambda: end.search(log.read_text(errors="replace")), what="the end of the log")
    return read_log(log)


def killed_at(command: Sequence[str], log: Path, point: Point) -> list[str]:
    """Return `command` wrapped so that it dies of SIGKILL as it asks for `point`, which is not done."""
    inject = f"{point.name}:signal=KILL:when={point.number}"
    return traced(command, log, calls=[point.name], inject=inject)


def read_log(log: Path) -> list[Call]:
    """Return all calls of a log, in the order in which they began."""
    return sorted(_calls(log), key=lambda call: call.begun)


def points(calls: Iterable[Call]) -> dict[Call, Point]:
    """Return for every call its number among the calls of that name in its thread."""
    counted: dict[tuple[int, str], int] = {}
    found = {}
    for call in calls:
        counted[call.thread, call.name] = counted.get((call.thread, call.name), 0) + 1
        found[call] = Point(call.name, counted[call.thread, call.name])
    return found


def _calls(log: Path) -> Iterator[Call]:
    waiting: dict[int, Call] = {}
    for number, line in enumerate(log.read_text(errors="replace").splitlines()):
        found = _LINE.match(line)
        if not found:  # a signal, or the end of a thread
            continue
        thread = int(found["thread"])
        if found["resumed"]:
            begun = waiting.pop(thread)
            yield replace(
                begun, arguments=begun.arguments + found["arguments"], result=found["result"], ended=number
            )
            continue
        call = Call(thread, found["name"], found["arguments"], found["result"] or "", number, number)
        if found["result"] is None:
            waiting[thread] = call
        else:
            yield call
    # Those that a kill has cut off.
    yield from waiting.values()
