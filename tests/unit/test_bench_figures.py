"""The parts of the benchmark that decide: goals, answers, filesystems, and requests over several connections.

Rule: no server of ours and no clock.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.base import build
from tests.bench.kept import message_of, send_over, size_of_answer
from tests.bench.measures import Samples
from tests.bench.place import filesystem_of
from tests.bench.report import Bars, Row, rate_row

LESS = Bars(1.6, 1.0, "ms")
MORE = Bars(1.5, 3, "times")

MOUNTS = r"""/dev/a / ext4 rw 0 0
shm /dev/shm tmpfs rw 0 0
/dev/b /with\040space xfs rw 0 0
/dev/c /covered xfs rw 0 0
/dev/d /covered btrfs rw 0 0
"""


@pytest.mark.parametrize(
    ("bars", "figure", "verdict"),
    [
        (LESS, 1.7, "MISS"),
        (LESS, 1.6, "pass"),
        (LESS, 1.0, "wanted"),
        (MORE, 1.4, "MISS"),
        (MORE, 1.5, "pass"),
        (MORE, 3.0, "wanted"),
    ],
)
def test_a_figure_is_held_against_both_goals(bars: Bars, figure: float, verdict: str) -> None:
    assert bars.row("what", "ours", figure).cells[-1] == verdict


def test_a_row_shows_both_goals() -> None:
    assert LESS.row("PUT", "2 ms", 2.0, "other 1 ms", "2 times").cells == (
        "PUT", "2 ms", "other 1 ms", "2 times", "<= 1.6 ms", "<= 1 ms", "MISS",
    )  # fmt: skip
    assert MORE.row("PUT", "2/s", 2.0).cells[4:] == (">= 1.5 times", ">= 3 times", "pass")


def test_a_row_without_goals_has_no_verdict() -> None:
    assert Row("what", "ours").cells == ("what", "ours", "", "", "", "", "")


@pytest.mark.parametrize(
    ("bars", "end"),
    [
        (None, ("", "", "")),
        (2.5, (">= 2.50 times", "", "MISS")),
        (MORE, (">= 1.5 times", ">= 3 times", "pass")),
    ],
)
def test_rates_are_compared_round_by_round(bars: Bars | float | None, end: tuple[str, ...]) -> None:
    row = rate_row("PUT", Samples([20, 40, 90]), ("other", Samples([10, 20, 30])), "MB/s", bars)

    assert row.cells[2:] == ("other 20 (10 to 30) MB/s", "2.00 times", *end)


def test_the_size_of_an_answer_includes_its_head() -> None:
    head = b"HTTP/1.1 201 CREATED\r\nContent-Length: 4\r\n\r\n"

    assert size_of_answer(head[:-1]) is None
    assert size_of_answer(head) == size_of_answer(head + b"body") == len(head) + 4
    assert size_of_answer(b"HTTP/1.1 204 NO CONTENT\r\nServer: x\r\n\r\n") == 38


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 404 NOT FOUND\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"],
)
def test_an_answer_of_no_use_ends_the_measurement(answer: bytes) -> None:
    with pytest.raises(RuntimeError, match="of no use"):
        size_of_answer(answer)


@pytest.fixture
def paths_by_connection() -> Iterator[tuple[int, list[list[bytes]]]]:
    """Run a server that answers each request in two pieces; yield its port, and what each connection asked for."""
    asked: list[list[bytes]] = []
    threads: list[threading.Thread] = []

    def serve(connected: socket.socket, paths: list[bytes]) -> None:
        with connected, connected.makefile("rb") as requests:
            while line := requests.readline():
                while requests.readline() != b"\r\n":
                    continue
                requests.read(3)
                paths.append(line.split()[1])
                for piece in (b"HTTP/1.1 201 CREATED\r\nContent-", b"Length: 2\r\n\r\nok"):
                    connected.sendall(piece)

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            asked.append([])
            threads.append(threading.Thread(target=serve, args=(connected, asked[-1])))
            threads[-1].start()

    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join()


def test_every_request_is_sent_once_over_the_connections(
    paths_by_connection: tuple[int, list[list[bytes]]],
) -> None:
    port, asked = paths_by_connection
    messages = [message_of("PUT", f"/{number}", {}, b"abc") for number in range(20)]

    seconds, took = send_over(port, 3, messages)

    assert sorted(path for paths in asked for path in paths) == sorted(
        b"/%d" % number for number in range(20)
    )
    assert len(asked) == 3
    assert all(asked)
    assert len(took) == 20
    assert 0 < max(took) <= seconds


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/dev/shm/x", "tmpfs"), ("/home/me", "ext4"), ("/with space/x", "xfs"), ("/covered", "btrfs")],
)
def test_the_filesystem_of_a_folder_is_that_of_its_deepest_mount(folder: str, kind: str) -> None:
    assert filesystem_of(Path(folder), MOUNTS) == kind


def test_an_unknown_commit_is_not_built() -> None:
    with pytest.raises(RuntimeError):
        build("no-such-commit")
