"""WebDAV: PROPFIND of large folders, one large file, and syncs by Nextcloud's own client.

Rule: a list is compared with fixed bars, a transfer with our own PUT and GET of the same bytes, and a sync with rclone,
which sends the same files by WebDAV and keeps no journal.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

from tests.bench import curl
from tests.bench.filling import fill
from tests.bench.measures import Samples, alternate
from tests.bench.memory import held, peak
from tests.bench.peers import Cabinet
from tests.bench.place import MIB, make_folder
from tests.bench.processes import cpu_seconds, family
from tests.bench.report import Row, rate_row
from tests.bench.stage import DATABASES, Stage
from tests.bench.transfers import downloader, size_of, uploader
from tests.support.auth import PASSWORD, USERNAME
from tests.support.programs import require_program
from tests.support.sync_clients import SyncClient


@dataclass(frozen=True, slots=True)
class Bar:
    """What a list may cost: milliseconds of the processor, to the first byte, and MiB of memory."""

    processor: float
    first_byte: float
    memory: float


LISTS = {1000: Bar(40, 50, 16), 10_000: Bar(500, 50, 16)}

# Requests in one round.
REQUESTS = 10

# Times our own PUT and GET.
TRANSFERS = 0.9

SMALL_FILES, SMALL_SIZE = 5000, 4096

# Folders of the sync that has nothing to do: some tops with as many folders in each.
TOPS, IN_EACH = 100, 199

# What rclone and the apps ask for.
_BODY = (
    b'<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop><d:displayname/><d:resourcetype/>'
    b"<d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:checksums/><oc:permissions/></d:prop></d:propfind>"
)

# Seconds that a sync may take.
LONGEST_SYNC = 3600.0


def drive(stage: Stage) -> list[Row]:
    """List folders on both databases, transfer a large file, and sync."""
    lists = [row for kind in DATABASES for row in _lists(stage, kind)]
    return [*lists, *_transfers(stage), *_first_syncs(stage), _empty_sync(stage)]


@dataclass(frozen=True, slots=True)
class _Listed:
    processor: Samples
    first_byte: Samples
    whole: Samples
    grown: float


def _lists(stage: Stage, kind: str) -> list[Row]:
    with stage.fresh_cabinet(kind=kind) as server:
        rows = []
        for full, bar in LISTS.items():
            count = stage.scaled(full, full // 5)
            fill(
                server, f"list-{full}", (f"{number:05} picture of a summer.jpg" for number in range(1, count))
            )
            rows += _rows_of(f"PROPFIND of {count:,}, {kind}", _measure(stage, server, f"list-{full}"), bar)
        server.empty()
    return rows


def _measure(stage: Stage, server: Cabinet, folder: str) -> _Listed:
    pids = family(server.server.pid)
    list_once(server, folder)
    before = held(server)
    processor, firsts, wholes = [], [], []
    for _ in range(stage.rounds):
        worked = cpu_seconds(pids)
        took = [list_once(server, folder) for _ in range(REQUESTS)]
        processor.append((cpu_seconds(pids) - worked) / REQUESTS * 1000)
        firsts.append(Samples([first for first, _whole in took]).median * 1000)
        wholes.append(Samples([whole for _first, whole in took]).median * 1000)
    return _Listed(Samples(processor), Samples(firsts), Samples(wholes), (peak(server) - before) / MIB)


def list_once(server: Cabinet, folder: str) -> tuple[float, float]:
    """Return the seconds to the first and to the last byte of the members of a folder."""
    connection = HTTPConnection(server.host, server.port)
    try:
        connection.connect()
        started = perf_counter()
        connection.request("PROPFIND", f"/dav/{folder}/", _BODY, {**server.headers, "Depth": "1"})
        answer = connection.getresponse()
        answer.read(1)
        first = perf_counter() - started
        while answer.read(1 << 16):
            pass
        if answer.status != 207:
            raise RuntimeError(f"PROPFIND answered {answer.status}")
        return first, perf_counter() - started
    finally:
        connection.close()


def _rows_of(what: str, listed: _Listed, bar: Bar) -> list[Row]:
    processor, first = listed.processor.median, listed.first_byte.median
    return [
        Row(
            f"{what}, CPU", listed.processor.show("ms", 1), f"sent in {listed.whole.median:.0f} ms", "",
            f"<= {bar.processor:g} ms", processor <= bar.processor,
        ),
        Row(
            f"{what}, first byte", listed.first_byte.show("ms", 1), "", "", f"<= {bar.first_byte:g} ms",
            first <= bar.first_byte,
        ),
        Row(
            f"{what}, memory", f"{listed.grown:.1f} MiB more", "", "", f"<= {bar.memory:g} MiB",
            listed.grown <= bar.memory,
        ),
    ]  # fmt: skip


def _transfers(stage: Stage) -> list[Row]:
    ours = stage.cabinet
    face = replace(ours, name="WebDAV", prefix="/dav/")
    puts = alternate({peer.name: uploader(stage, peer) for peer in (face, ours)}, stage.rounds)
    curl.run("--upload-file", str(stage.file), ours.url("get.bin"), headers=ours.headers)
    gets = alternate({peer.name: downloader(stage, peer) for peer in (face, ours)}, stage.rounds)
    ours.empty()
    return [
        rate_row(
            f"{method} {size_of(stage)} by WebDAV", rates[face.name], ("our own", rates[ours.name]), "MB/s",
            TRANSFERS,
        )
        for method, rates in (("PUT", puts), ("GET", gets))
    ]  # fmt: skip


def _first_syncs(stage: Stage) -> list[Row]:
    """Sync folders for the first time, each into an empty server."""
    count = stage.scaled(SMALL_FILES, 20)

    def small(folder: Path) -> None:
        make_folder(folder, count, SMALL_SIZE)

    def large(folder: Path) -> None:
        folder.mkdir()
        os.link(stage.file, folder / "large.bin")

    wanted: dict[str, Callable[[Path], None]] = {
        f"{count:,} files of 4 KiB": small,
        size_of(stage): large,
    }
    return [_first_sync(stage, what, make) for what, make in wanted.items()]


def _first_sync(stage: Stage, what: str, make: Callable[[Path], None]) -> Row:
    place = stage.new_folder("sync")
    place.mkdir()
    make(place / "files")
    with stage.fresh_cabinet() as server, stage.fresh_cabinet() as other:
        # First, because the client leaves its journal in the folder.
        by_rclone = _copy(place, other)
        seconds = _sync(SyncClient("nextcloudcmd", server.server.url, USERNAME, place))
        _require_equal(server, other)
        for each in (server, other):
            each.empty()
    return Row(
        f"first sync of {what}, nextcloudcmd", f"{seconds:.1f} s", f"rclone {by_rclone:.1f} s",
        f"{by_rclone / seconds:.2f} times its speed",
    )  # fmt: skip


def _empty_sync(stage: Stage) -> Row:
    """Sync a large tree of folders once more after nothing has changed."""
    tops, inside = stage.scaled(TOPS, 3), IN_EACH
    with stage.fresh_cabinet() as server:
        paths = ["folder 000", *(f"folder 000/{number:03}" for number in range(inside))]
        for path in paths:
            _ask(server, "/folders", {"path": path})
        for number in range(1, tops):
            _ask(server, "/copies", {"from": ["folder 000"], "to": f"folder {number:03}"})
        place = stage.new_folder("sync")
        client = SyncClient("nextcloudcmd", server.server.url, USERNAME, place)
        first = _sync(client)
        found = sum(path.is_dir() for path in client.folder.rglob("*"))
        if found != tops * (inside + 1):
            raise RuntimeError(f"{found} folders have come")
        seconds = Samples([_sync(client) for _ in range(stage.rounds)])
    what = f"sync of {found:,} folders, nothing changed"
    return Row(what, seconds.show("s", 2), f"the first one {first:.1f} s")


def _sync(client: SyncClient) -> float:
    started = perf_counter()
    client.sync(LONGEST_SYNC)
    return perf_counter() - started


def _copy(place: Path, server: Cabinet) -> float:
    """Let rclone send a folder, over as many connections as it likes."""
    program = require_program("rclone")
    hidden = subprocess.run(
        [program, "--config", "", "obscure", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    remote = f":webdav,url='{server.server.url}/dav/',vendor=other,user={USERNAME},pass={hidden}:"
    command = [program, "--config", "", "copy", "--no-check-dest", str(place / "files"), remote]
    started = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - started


def _require_equal(*servers: Cabinet) -> None:
    stored = [_hashes(server) for server in servers]
    if not stored[0] or any(each != stored[0] for each in stored):
        raise RuntimeError(f"the servers hold {[len(each) for each in stored]} contents")


def _hashes(server: Cabinet) -> Sequence[str]:
    return sorted(path.name for path in server.content.rglob("*") if path.is_file())


def _ask(server: Cabinet, address: str, document: object) -> None:
    answer = server.server.request("POST", address, json=document, headers=dict(server.headers))
    if answer.status not in {200, 201}:
        raise RuntimeError(f"{address} answered {answer.status}: {answer.data[:300]!r}")
