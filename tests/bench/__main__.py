"""The benchmark: Cabinet compared with copyparty and nginx, in one run on one machine.

    python -m tests.bench [--scale 0.05] [--rounds 5] [--base COMMIT] [PART...]

Rule: a part returns rows and prints nothing; a slow result is no failure, so the exit code only says that
everything could be measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable

from tests.bench import (
    console,
    cuts,
    drive,
    folders,
    large_users,
    links,
    long_line,
    many,
    memory,
    mounts,
    others,
    page_uploads,
    pages,
    requests,
    resumable,
    searches,
    small_files,
    transfers,
    trees,
    zips,
)
from tests.bench.base import Build, build
from tests.bench.report import Row, print_rows
from tests.bench.stage import Stage, stage

PARTS: dict[str, Callable[[Stage], list[Row]]] = {
    "put": transfers.put,
    "post": transfers.post,
    "get": transfers.get,
    "small": small_files.small,
    "disk": small_files.disk,
    "requests": requests.requests,
    "folder": folders.folder,
    "mounts": mounts.mounts,
    "links": links.links,
    "page": pages.page,
    "search": searches.search,
    "tree": trees.tree,
    "zip": zips.zips,
    "filecli": console.filecli,
    "start": console.start,
    "memory": memory.memory,
    "drive": drive.drive,
    "others": others.others,
    "cuts": cuts.cuts,
    "tus": resumable.rate,
    "halfway": resumable.halfway,
    "many": many.many,
    "browser": page_uploads.page_uploads,
    "line": long_line.line,
    "large": large_users.large_users,
}


def main() -> None:
    """Run the requested measurements and print one table."""
    wanted = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    started = time.monotonic()
    print(f"{os.cpu_count()} processors, load {_load()}, rounds {wanted.rounds}, scale {wanted.scale:g}")
    rows: list[Row] = []
    with stage(wanted.scale, wanted.rounds, _base(wanted.base)) as shared:
        for name in wanted.parts or PARTS:
            rows += PARTS[name](shared)
            print(f"measured {name}, load {_load()}", flush=True)
    print(f"took {time.monotonic() - started:.0f} s")
    print("medians, with the least and the most; a figure compares round by round\n")
    print_rows(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every size and count")
    parser.add_argument("--rounds", type=int, default=5, help="how often each figure is taken")
    parser.add_argument("--base", metavar="COMMIT", help="a commit to compare with, built below build/")
    wanted = parser.parse_args()
    for name in wanted.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name}")
    return wanted


def _base(commit: str | None) -> Build | None:
    if commit is None:
        return None
    try:
        found = build(commit)
    except RuntimeError as error:
        sys.exit(f"no commit to compare with: {error}")
    print(f"compared with {found.name}", flush=True)
    return found


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


if __name__ == "__main__":
    main()
