"""Uploads interrupted at random points, by every means, and resumed to the end.

A round is one file by one client, over a connection that is cut at a random byte: by FIN, by RST, by killing the
server or the client; in either direction. The same command is then repeated and interrupted again, until it is
left alone.

Rule: all randomness comes from one seed, which a failure reports; at the end the content hash of each file is
right, and nothing is left of the interrupted attempts.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly, close_gracefully
from tests.support.operators import run_flask
from tests.support.servers import Server
from tests.support.tus import Tus, Upload, new_account, staged
from tests.support.tus_clients import CLIENTS, Job, start

MIB = 1 << 20

KINDS = ("FIN", "RST", "server", "client")

# Around the boundaries of blocks, of the clients' chunks, and of the server's reads.
_SIZES = (1000, 70_000, 4 * MIB, 4 * MIB + 1, 9 * MIB + 11, 16 * MIB, 21 * MIB + 5, 37 * MIB)

# Seconds that one run of a client may take.
_PATIENCE = 90


@dataclass(slots=True)
class Outcome:
    """The results of the rounds; times in seconds."""

    rounds: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    clients: Counter[str] = field(default_factory=Counter)
    finishes: list[float] = field(default_factory=list)


class Proof:
    """Rounds of interrupted uploads to one server, by a user of their own."""

    def __init__(
        self, server: Server, line: Line, folder: Path, seed: int, clients: Sequence[str] = tuple(CLIENTS)
    ) -> None:
        self.server = server
        self.tus: Tus = new_account(server)
        self.outcome = Outcome()
        self._line = line
        self._folder = folder
        self._seed = seed
        self._chance = random.Random(seed)
        self._clients = clients
        self._expected: dict[str, str] = {}

    def run(self, rounds: int) -> Outcome:
        """Run a number of rounds with every kind of cut and every client in turn, and check the result."""
        for number in range(rounds):
            lap, place = divmod(number, len(self._clients))
            client, kind = self._clients[place], KINDS[(lap + place) % len(KINDS)]
            try:
                self._round(number, client, kind)
            except BaseException as error:
                error.add_note(f"seed {self._seed}, round {number}: {client}, cut by {kind}")
                raise
        self._check_all()
        return self.outcome

    def _round(self, number: int, client: str, kind: str) -> None:
        size = self._chance.choice([each for each in _SIZES if each >= CLIENTS[client].least])
        content = content_of(size, seed=number % 8)
        name = f"{number}.bin"
        job = Job(
            self._line.url, self.tus.person.headers, self._folder / name, self._folder / f"{name}.json", name
        )
        job.file.write_bytes(content)
        # An interrupted run may be interrupted again; the last one is not.
        for again in range(self._chance.randint(1, 3)):
            # Requests have heads, too: a little more than the size.
            after = (
                self._chance.randrange(size + 1500)
                if again == 0
                else self._chance.randrange(size // 2 + 1500)
            )
            if self._run(client, job, kind, after):
                break
        self._line.plan(None)
        began = perf_counter()
        assert self._wait(start(CLIENTS[client].command(job), self._log)) == 0, self._log.read_text()
        self.outcome.finishes.append(perf_counter() - began)
        self._check(name, content)
        self.outcome.rounds += 1
        self.outcome.clients[client] += 1
        for file in (job.file, job.memory, self._log):
            file.unlink(missing_ok=True)

    def _run(self, client: str, job: Job, kind: str, after: int) -> bool:
        """Run the client over a connection that is cut; return whether it completed nevertheless."""
        running: list[subprocess.Popen[bytes]] = []

        def kill_client() -> None:
            with suppress(IndexError):
                running[0].send_signal(signal.SIGKILL)

        then = {"server": self.server.kill, "client": kill_client}.get(kind, lambda: None)
        end = close_gracefully if kind == "FIN" else close_abruptly
        self._line.plan(Cut(after, end, then, at_answer=self._chance.random() < 0.25))
        running.append(start(CLIENTS[client].command(job), self._log))
        code = self._wait(running[0])
        if not self._line.was_cut():
            self._line.plan(None)
            assert code == 0, self._log.read_text()
            return True
        self.outcome.cuts[kind] += 1
        if kind == "server":
            self.server.start()
        self._tidy(job)
        return False

    @property
    def _log(self) -> Path:
        return self._folder / "client.log"

    def _wait(self, client: subprocess.Popen[bytes]) -> int:
        try:
            return client.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
            raise

    def _tidy(self, job: Job) -> None:
        """Repair the resume data of a killed client, which the server is not responsible for."""
        shutil.rmtree(f"{job.memory}.lock", ignore_errors=True)
        if job.memory.is_file():
            try:
                json.loads(job.memory.read_text() or "{}")
            except ValueError:
                job.memory.unlink()

    def _check(self, name: str, content: bytes) -> None:
        self._expected[name] = hash_chunks([content])
        assert hash_chunks([self.tus.person.get(name)]) == self._expected[name]

    def _check_all(self) -> None:
        """Check that all files exist, and nothing else once abandoned uploads are cancelled."""
        assert self.tus.person.hashes() == self._expected
        for found in self.tus.unfinished():
            # A client that was interrupted before it received the URL of its upload has started another one.
            answer = Upload(self.tus, found["url"]).send("DELETE")
            # 410: what still ran stopped, and cleaned up after itself.
            assert answer.status in {204, 410}, (found, answer.status, answer.body)
        # What a killed server had no time to tidy up is left to a sweep.
        now = {"CABINET_SWEEP_GRACE_SECONDS": "0"}
        swept = run_flask(self.server.folder, "storage", "sweep", environment=now)
        assert swept.returncode == 0, swept.stderr
        assert staged(self.server) == set()
