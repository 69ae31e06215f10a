"""Shared by the parts of the benchmark: the folder, the sizes, and servers started on demand.

Rule: nothing is started, installed or written before a part needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tests.bench import peers
from tests.bench.base import BUILD, Build
from tests.bench.peers import Cabinet, Copyparty, Peer
from tests.bench.place import GIB, MIB, filesystem_of, make_file, temporary_folder, warm_up
from tests.support.postgresql import Databases, running_cluster

DATABASES = ("SQLite", "PostgreSQL")

_Started = TypeVar("_Started", bound=Peer)


class Stage:
    """One run of the bench; `scale` multiplies every size and count, `rounds` is how often."""

    def __init__(
        self, folder: Path, servers: ExitStack, scale: float, rounds: int, base: Build | None = None
    ) -> None:
        self.folder = folder
        self.scale = scale
        self.rounds = rounds
        # Another commit to compare with.
        self.base = base
        self._servers = servers
        self._started = 0

    def scaled(self, full: int, least: int = 1) -> int:
        """Return a size or count as this run has it."""
        return max(least, round(full * self.scale))

    @cached_property
    def file_size(self) -> int:
        """The bytes of `file`: 1 GiB, unless scaled."""
        return self.scaled(GIB, MIB)

    @cached_property
    def file(self) -> Path:
        """What the big transfers send; once it is there, memory for more copies has been touched."""
        warm_up(self.folder, 3 * self.file_size)
        return make_file(self.folder / "file.bin", self.file_size)

    @cached_property
    def cabinet(self) -> Cabinet:
        """The server that most parts measure."""
        return self._servers.enter_context(self.fresh_cabinet())

    @cached_property
    def on_postgresql(self) -> Cabinet:
        """The same with its rows in PostgreSQL."""
        server = self._servers.enter_context(self.fresh_cabinet(kind="PostgreSQL"))
        return replace(server, name="PostgreSQL")

    @cached_property
    def nginx(self) -> Peer:
        """The reference for what a server in C does."""
        return self._start(peers.nginx, "nginx")

    @cached_property
    def copyparty_programs(self) -> Path:
        """Where copyparty is installed."""
        return peers.install_copyparty(self.new_folder("copyparty-programs"))

    @cached_property
    def copyparty(self) -> Copyparty:
        """The reference for what a server in Python does."""
        return self._start(lambda folder: peers.copyparty(folder, self.copyparty_programs), "copyparty")

    @cached_property
    def copyparty_on_disk(self) -> Copyparty:
        """The same on a disk, where it syncs nothing."""
        programs = self.copyparty_programs
        return self._start(lambda folder: peers.copyparty(folder, programs), "copyparty", self.disk)

    @cached_property
    def limit(self) -> Peer:
        """The reference for what this machine allows."""
        return self._start(peers.limit, "limit")

    @cached_property
    def disk(self) -> Path:
        """A folder on the disk of the checkout."""
        BUILD.mkdir(exist_ok=True)
        folder = self._servers.enter_context(temporary_folder(BUILD))
        print(f"the disk is {filesystem_of(folder, Path('/proc/self/mounts').read_text())}", flush=True)
        return folder

    @cached_property
    def databases(self) -> Databases:
        """Gives databases of a PostgreSQL server of the bench's own."""
        cluster = self._servers.enter_context(running_cluster(grows=True))
        return self._servers.enter_context(closing(Databases(cluster, "template1", "bench")))

    def fresh_cabinet(
        self,
        workers: int = 1,
        kind: str = "SQLite",
        settings: Mapping[str, Any] | None = None,
        *,
        home: Path | None = None,
        python: str = sys.executable,
    ) -> AbstractContextManager[Cabinet]:
        """Return an unused Cabinet on one of `DATABASES`, with `settings`.

        It is in memory or in `home`; `python` has the release to start.
        """
        folder = self.new_folder("cabinet", home)
        database = None if kind == "SQLite" else self.databases.url_for(folder, "template1")
        return peers.cabinet(folder, workers=workers, database=database, settings=settings, python=python)

    def _start(
        self, make: Callable[[Path], AbstractContextManager[_Started]], name: str, home: Path | None = None
    ) -> _Started:
        peer = self._servers.enter_context(make(self.new_folder(name, home)))
        print(f"started {peer.name} {peer.version}".rstrip(), flush=True)
        return peer

    def new_folder(self, name: str, home: Path | None = None) -> Path:
        """Return the path of a folder that is not there yet, in memory or in `home`."""
        self._started += 1
        return (home or self.folder) / f"{self._started}-{name}"


@contextmanager
def stage(scale: float, rounds: int, base: Build | None = None) -> Iterator[Stage]:
    """Open a stage; at the end all servers are stopped and all files removed."""
    with temporary_folder() as folder, ExitStack() as servers:
        yield Stage(folder, servers, scale, rounds, base)
