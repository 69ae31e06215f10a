"""The effect of crowds on other users: the longest of a hundred requests while many clients are slow or busy.

Rule: two processes with production settings; the crowd lasts as long as the measurement, each client with its own
address.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from time import perf_counter
from urllib.parse import urlencode

import urllib3

from tests.bench.measures import alternate, percentile
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.support.auth import basic
from tests.support.contents import content_of
from tests.support.many_connections import MIB, connected
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head

WORKERS = 2
REQUESTS = 200
# Users of the transfers, so that none of them has more than the server lets one have.
USERS = 20

# Milliseconds that the longest of a hundred requests may take.
MOST_FOR_SLOW = 100
MOST_FOR_SIGN_INS = 300

_HOST: dict[str, str | int] = {"Host": "localhost"}
_FORM: dict[str, str | int] = {**_HOST, "Content-Type": "application/x-www-form-urlencoded"}
_HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-"
_HALF_FORM = request_head("POST", "/login", {**_FORM, "Content-Length": 10_000}) + b"username="

Crowd = Callable[[], AbstractContextManager[object]]


def others(stage: Stage) -> list[Row]:
    """Request a list on an idle server, and with each crowd."""
    _allow_descriptors()
    many, some, fewer = (stage.scaled(count, 10) for count in (1000, 600, 400))
    # In a process of its own, or its figures would be those of the crowd's threads.
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as asker,
        stage.fresh_cabinet(WORKERS) as cabinet,
    ):
        people = [Person(cabinet.server, f"user{number}") for number in range(USERS)]
        for person in people:
            person.store("large", content_of(16 * MIB))
        crowds: dict[str, Crowd] = {
            f"{many} that send nothing": lambda: _slow(cabinet, many, b""),
            f"{many} half heads": lambda: _slow(cabinet, many, _HALF_HEAD),
            f"{some} slow sign-ins": lambda: _slow(cabinet, some, _HALF_FORM),
            f"{fewer} slow uploads and {fewer} downloads": lambda: _transfers(cabinet, people, fewer),
        }
        rows = [_row(stage, asker, cabinet, what, crowd, MOST_FOR_SLOW) for what, crowd in crowds.items()]
        guesses = "60 parallel sign-ins and 40 registrations"
        rows.append(
            _row(stage, asker, cabinet, guesses, lambda: _sign_ins(cabinet, 60, 40), MOST_FOR_SIGN_INS)
        )
        cabinet.empty()
    return rows


def _row(
    stage: Stage, asker: ProcessPoolExecutor, cabinet: Cabinet, what: str, crowd: Crowd, most: int
) -> Row:
    def measure(around: Crowd) -> Callable[[int], float]:
        def once(_number: int) -> float:
            with around():
                return asker.submit(_p99, cabinet.host, cabinet.port, dict(cabinet.headers)).result()

        return once

    found = alternate({"alone": measure(nullcontext), "beside": measure(crowd)}, stage.rounds)
    alone, beside = found["alone"], found["beside"]
    return Row(
        f"p99 of a list beside {what}", beside.show("ms", 1), f"alone {alone.show('ms', 1)}",
        f"{beside.times(alone):.1f} times", f"<= {most} ms", beside.median <= most,
    )  # fmt: skip


def _p99(host: str, port: int, headers: Mapping[str, str]) -> float:
    """Return the milliseconds that 99 of 100 lists do not exceed, asked for over one connection."""
    took = []
    with urllib3.HTTPConnectionPool(host, port, maxsize=1, retries=False) as pool:
        for _ in range(REQUESTS):
            started = perf_counter()
            answer = pool.request("GET", "/files", headers=headers)
            took.append((perf_counter() - started) * 1000)
            assert answer.status == 200, answer.data
    return percentile(took, 0.99)


@contextmanager
def _going_on(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` again and again in another thread."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.is_set():
            act()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(go_on)
        try:
            yield
        finally:
            is_over.set()
            running.result()


@contextmanager
def _slow(cabinet: Cabinet, count: int, beginning: bytes) -> Iterator[None]:
    """Have connections that send `beginning`, and then a byte now and then if they have begun at all."""
    with connected(cabinet.server, count) as connections:
        for connection in connections:
            connection.send(beginning)

        def drip() -> None:
            for connection in connections if beginning else ():
                connection.send(b"a")
            threading.Event().wait(0.5)

        with _going_on(drip):
            yield


@contextmanager
def _transfers(cabinet: Cabinet, people: Sequence[Person], count: int) -> Iterator[None]:
    """Have `count` uploads and as many downloads under way, of 20 users with an address each."""
    each = 2 * count // len(people)
    with connected(cabinet.server, each * len(people), each=each) as connections:
        ups, downs = connections[::2], connections[1::2]
        for number, connection in enumerate(connections):
            shown = {**_HOST, **people[number // each].headers}
            if number % 2:
                connection.send(request_head("GET", "/files/large", shown))
            else:
                connection.send(
                    request_head("PUT", f"/files/{number}", {**shown, "Content-Length": 64 * MIB})
                )
        with _going_on(lambda: _move(ups, downs)):
            yield


def _move(ups: Sequence[RawConnection], downs: Sequence[RawConnection]) -> None:
    """Move 4 KiB over each connection, some two times a second."""
    for connection in ups:
        connection.send(content_of(4 << 10))
    for connection in downs:
        connection.socket.recv(4 << 10)
    threading.Event().wait(0.5)


@contextmanager
def _sign_ins(cabinet: Cabinet, sign_ins: int, registrations: int) -> Iterator[None]:
    """Have so many clients that try a password, or register, as fast as they are answered."""
    wrong = request_head("GET", "/me", {**_HOST, **basic("bench", "wrong-password-of-somebody")})
    body = urlencode({"username": "x", "password": "correct-horse-battery"}).encode()
    register = request_head("POST", "/register", {**_FORM, "Content-Length": len(body)}) + body
    is_over = threading.Event()

    def repeat(connection: RawConnection, request: bytes) -> None:
        while not is_over.is_set():
            connection.send(request)
            if connection.read_response() is None:
                return

    with (
        connected(cabinet.server, sign_ins + registrations) as connections,
        ThreadPoolExecutor(len(connections)) as pool,
    ):
        for number, connection in enumerate(connections):
            pool.submit(repeat, connection, wrong if number < sign_ins else register)
        try:
            yield
        finally:
            is_over.set()


def _allow_descriptors() -> None:
    """Have as many as the system allows: the clients are thousands."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
