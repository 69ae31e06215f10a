"""One large file: upload by PUT and by form, and download.

Rule: every upload has a new name and new content; its space is freed before the next one.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.bench import curl
from tests.bench.measures import alternate
from tests.bench.peers import Peer
from tests.bench.place import MIB, renew
from tests.bench.report import Bars, Row, rate_row
from tests.bench.stage import Stage

MB = 1_000_000


def put(stage: Stage) -> list[Row]:
    """PUT beside the same on PostgreSQL, copyparty with and without its checksum, nginx and the limit."""
    unchecked = stage.copyparty.without_checksums()
    peers = [
        stage.cabinet, stage.on_postgresql, stage.copyparty, unchecked, stage.nginx, stage.limit
    ]  # fmt: skip
    rates = alternate({peer.name: uploader(stage, peer) for peer in peers}, stage.rounds)
    ours = rates["Cabinet"]
    bars = {stage.copyparty.name: Bars(1.55, 1.7, "times"), unchecked.name: Bars(0.57, 0.65, "times")}
    return [
        rate_row(f"PUT {size_of(stage)}", ours, (peer.name, rates[peer.name]), "MB/s", bars.get(peer.name))
        for peer in peers[1:]
    ]


def post(stage: Stage) -> list[Row]:
    """POST of a form beside our own PUT."""
    contenders = {"PUT": uploader(stage, stage.cabinet), "POST": _poster(stage)}
    rates = alternate(contenders, stage.rounds)
    return [rate_row(f"POST {size_of(stage)} as a form", rates["POST"], ("PUT", rates["PUT"]), "MB/s", 0.8)]


def get(stage: Stage) -> list[Row]:
    """GET beside nginx."""
    peers = [stage.cabinet, stage.nginx]
    for peer in peers:
        curl.run("--upload-file", str(stage.file), peer.url("get.bin"), headers=peer.headers)
    rates = alternate({peer.name: downloader(stage, peer) for peer in peers}, stage.rounds)
    for peer in peers:
        peer.empty()
    return [rate_row(f"GET {size_of(stage)}", rates["Cabinet"], ("nginx", rates["nginx"]), "MB/s", 0.8)]


def size_of(stage: Stage) -> str:
    """Return the size of the large file, to be shown."""
    return f"{stage.file_size / MIB:.0f} MiB"


def uploader(stage: Stage, peer: Peer) -> Callable[[int], float]:
    """Return a function that uploads new content and returns MB/s."""

    def upload(number: int) -> float:
        address = peer.url(f"put-{number}.bin")
        seconds = curl.run("--upload-file", str(renew(stage.file)), address, headers=peer.headers)
        return _stored_rate(stage, peer, seconds)

    return upload


def _poster(stage: Stage) -> Callable[[int], float]:
    peer = stage.cabinet

    def upload(number: int) -> float:
        form = f"file=@{renew(stage.file)};filename=post-{number}.bin"
        seconds = curl.run("--form", form, f"{peer.server.url}/upload", headers=peer.headers)
        return _stored_rate(stage, peer, seconds)

    return upload


def _stored_rate(stage: Stage, peer: Peer, seconds: float) -> float:
    """Return MB/s, once it is sure that the peer has the bytes; then take them away."""
    stored = peer.stored()
    if stored != stage.file_size:
        raise RuntimeError(f"{peer.name} holds {stored} bytes of {stage.file_size}")
    peer.empty()
    return stage.file_size / seconds / MB


def downloader(stage: Stage, peer: Peer) -> Callable[[int], float]:
    """Return a function that downloads `get.bin` and returns MB/s."""

    def download(_number: int) -> float:
        return stage.file_size / curl.run(peer.url("get.bin"), headers=peer.headers) / MB

    return download
