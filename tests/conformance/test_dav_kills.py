"""A server that is killed while programs store, move and lock by WebDAV.

Every acknowledged change is there afterwards; one that was not answered is there as a whole or not at all.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.conftest import MakeApp, StartProduction
from tests.support.contents import content_of
from tests.support.kills import check_intact, kill_under_load
from tests.support.people import Person

LOCK = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'

# What is at the paths of a program: content hashes.
State = dict[str, str]


@dataclass
class DavLoad:
    """A program that changes files of its own folder, and remembers what was answered."""

    name: str
    random: random.Random
    state: State = field(default_factory=dict)
    # What the unanswered request would have made of it, if it was done.
    otherwise: State | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    answers: int = 0

    def run(self, person: Person) -> None:
        """Change files until the server is gone."""
        actions = [self._put, self._put, self._move, self._lock]
        try:
            while True:
                self.random.choice(actions)(person)
                self.answers += 1
        except HTTPError:
            return

    def check(self, person: Person, found: Mapping[str, str]) -> None:
        """Compare the state after a crash, and use it as the new starting point."""
        mine = {path: value for path, value in found.items() if path.startswith(f"{self.name}/")}
        assert mine in [self.state, self.otherwise], (mine, self.state, self.otherwise)
        for path, content_hash in mine.items():
            assert hash_chunks([person.get(path)]) == content_hash
        # A lock that was granted still binds, and its token opens it.
        for path, token in self.tokens.items():
            if path in mine:
                assert _send(person, "PUT", path, body=b"other").status == 423
                assert _send(person, "UNLOCK", path, headers={"Lock-Token": token}).status == 204
        self.state, self.otherwise = mine, None
        self.tokens.clear()

    def _put(self, person: Person) -> None:
        path = self._path()
        size = self.random.choice([0, 1, 5000, 100_000, BLOCK_SIZE + 1])
        content = content_of(size, seed=self.random.randrange(3))
        after = {**self.state, path: hash_chunks([content])}
        self._change(person, after, "PUT", path, {**self._shown(path), "X-OC-Mtime": "1000000000"}, content)

    def _move(self, person: Person) -> None:
        if not self.state:
            return
        source, to = self.random.choice(sorted(self.state)), self._path()
        if source == to:
            return
        after = {path: value for path, value in self.state.items() if path != source}
        after[to] = self.state[source]
        headers = {**self._shown(source, to), "Destination": f"/dav/{quote(to)}"}
        # Their locks end with the change, whether or not it is answered.
        self.tokens.pop(source, None)
        self.tokens.pop(to, None)
        self._change(person, after, "MOVE", source, headers, None)

    def _lock(self, person: Person) -> None:
        free = sorted(self.state.keys() - self.tokens)
        if not free:
            return
        path = self.random.choice(free)
        answer = _send(person, "LOCK", path, body=LOCK)
        if answer.status == 423:  # a lock whose answer was lost by an earlier kill
            return
        assert answer.status == 200, answer.data
        self.tokens[path] = answer.headers["Lock-Token"]

    def _change(
        self,
        person: Person,
        after: State,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
    ) -> None:
        self.otherwise = after
        answer = _send(person, method, path, headers=headers, body=body)
        if answer.status == 423:
            assert path not in self.tokens, "the token was shown"
            self.otherwise = None
            return
        assert answer.status in {201, 204}, answer.data
        self.state, self.otherwise = after, None

    def _path(self) -> str:
        return f"{self.name}/файл {self.random.randrange(4)}"

    def _shown(self, *paths: str) -> dict[str, str]:
        shown = [f"</dav/{quote(path)}> ({self.tokens[path]})" for path in paths if path in self.tokens]
        return {"If": " ".join(shown)} if shown else {}


def _send(
    person: Person,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> BaseHTTPResponse:
    return person.send(method, f"/dav/{quote(path)}", headers=dict(headers or {}), body=body, retries=False)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [2, pytest.param(60, marks=pytest.mark.long)])
def test_a_kill_loses_no_change_that_was_acknowledged(
    start_production: StartProduction, make_app: MakeApp, rounds: int
) -> None:
    server = start_production(workers=2)
    person = Person(server)
    loads = [DavLoad(name, random.Random(name)) for name in ("one", "two", "three")]
    for load in loads:
        assert _send(person, "MKCOL", load.name).status == 201

    kill_under_load(server, person, loads, rounds, range(10, 40))
    check_intact(make_app)
