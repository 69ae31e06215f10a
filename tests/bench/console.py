"""filecli compared with curl, and its startup time.

Rule: filecli runs as users run it, as a process with a token.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.bench import curl
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet
from tests.bench.place import MIB
from tests.bench.report import Row, rate_row
from tests.bench.stage import Stage

MB = 1_000_000

# Starts of one round.
STARTS = 4

# Seconds that `filecli --help` may take.
SOON = 0.2

_FILECLI = str(Path(sys.executable).with_name("filecli"))


def filecli(stage: Stage) -> list[Row]:
    """Up and down, beside curl with the same server."""
    size = f"{stage.file_size / MIB:.0f} MiB"
    up = alternate({"filecli": _filecli_up(stage), "curl -T": _curl_up(stage)}, stage.rounds)
    curl.run("--upload-file", str(stage.file), stage.cabinet.url("down.bin"), headers=stage.cabinet.headers)
    down = alternate({"filecli": _filecli_down(stage), "curl -o": _curl_down(stage)}, stage.rounds)
    stage.cabinet.empty()
    return [
        rate_row(f"filecli upload {size}", up["filecli"], ("curl -T", up["curl -T"]), "MB/s"),
        rate_row(f"filecli download {size}", down["filecli"], ("curl -o", down["curl -o"]), "MB/s"),
    ]


def start(stage: Stage) -> list[Row]:
    """`filecli --help` beside an interpreter that does nothing."""
    took = alternate(
        {"filecli": _starter(_FILECLI, "--help"), "python": _starter(sys.executable, "-c", "pass")},
        stage.rounds,
    )
    ours = took["filecli"]
    return [
        Row(
            "filecli --help",
            ours.show("s", 3),
            f"python -c pass {took['python'].show('s', 3)}",
            at_least=f"< {SOON} s",
            passed=ours.median < SOON,
        )
    ]


def _filecli_up(stage: Stage) -> Callable[[int], float]:
    def upload(number: int) -> float:
        seconds = _run(stage, "upload", str(stage.file), "--to", f"filecli-{number}/")
        stage.cabinet.empty()
        return stage.file_size / seconds / MB

    return upload


def _curl_up(stage: Stage) -> Callable[[int], float]:
    def upload(number: int) -> float:
        address = stage.cabinet.url(f"curl-{number}.bin")
        started = perf_counter()
        curl.run("--upload-file", str(stage.file), address, headers=stage.cabinet.headers)
        seconds = perf_counter() - started
        stage.cabinet.empty()
        return stage.file_size / seconds / MB

    return upload


def _filecli_down(stage: Stage) -> Callable[[int], float]:
    def download(_number: int) -> float:
        target = stage.folder / "filecli.bin"
        seconds = _run(stage, "download", "down.bin", "-o", str(target))
        target.unlink()
        return stage.file_size / seconds / MB

    return download


def _curl_down(stage: Stage) -> Callable[[int], float]:
    def download(_number: int) -> float:
        target = stage.folder / "curl.bin"
        started = perf_counter()
        curl.run(stage.cabinet.url("down.bin"), headers=stage.cabinet.headers, output=str(target))
        seconds = perf_counter() - started
        target.unlink()
        return stage.file_size / seconds / MB

    return download


def _run(stage: Stage, *words: str) -> float:
    return _speak(stage.cabinet, *words)


def upload(server: Cabinet, *words: str) -> float:
    """Upload as `words` say, and return the seconds."""
    return _speak(server, "upload", *words)


def _speak(server: Cabinet, *words: str) -> float:
    # Upload journals go to a new folder, so that none of an earlier run is found.
    home = {
        "HOME": str(server.server.folder),
        "XDG_STATE_HOME": "",
        "XDG_DATA_HOME": "",
        "XDG_CONFIG_HOME": "",
    }
    settings = {"FILECLI_SERVER": server.origin, "FILECLI_TOKEN": server.token}
    started = perf_counter()
    subprocess.run(
        [_FILECLI, "--quiet", *words],
        env={**os.environ, **home, **settings}, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return perf_counter() - started


def _starter(*command: str) -> Callable[[int], float]:
    def run(_number: int) -> float:
        started = perf_counter()
        for _ in range(STARTS):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return (perf_counter() - started) / STARTS

    return run
