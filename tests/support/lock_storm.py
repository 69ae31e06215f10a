"""Many threads and processes acquire and release one lock, and detect two holders.

The exclusive holder must be alone in a folder, and increments a number by reading and
writing it; shared holders must not meet an exclusive one there.

Rule: knows a locker by its URL, as another process does.
"""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from cabinet.storage.file_locks import LockTaken
from cabinet.storage.opening import open_locker

NAME = "storm"

PROCESSES = 3
THREADS = 3

# The name that marks the exclusive holder.
ALONE = "alone"

# Seconds; no wait takes that long while locks are released.
TIMEOUT = 60.0


def storm(url: str, folder: Path, rounds: int) -> int:
    """Acquire the lock `rounds` times in each of several threads of several processes; return how often exclusively.

    Raises AssertionError when two held it, or OSError.
    """
    inside, number = folder / "inside", folder / "number"
    inside.mkdir()
    number.write_text("0")
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        running = [pool.submit(_crowd, url, folder, rounds, seed) for seed in range(PROCESSES)]
        alone = sum(each.result(TIMEOUT * 2) for each in running)
    assert number.read_text() == str(alone), "an increment was lost"
    assert not list(inside.iterdir())
    return alone


def _crowd(url: str, folder: Path, rounds: int, seed: int) -> int:
    seeds = range(seed * THREADS, (seed + 1) * THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda each: _take_turns(url, folder, rounds, each), seeds))


def _take_turns(url: str, folder: Path, rounds: int, seed: int) -> int:
    locker, chosen = open_locker(url), random.Random(seed)
    alone = 0
    for _ in range(rounds):
        shared = chosen.random() < 0.3
        timeout = chosen.choice([0, TIMEOUT])
        taken = False
        while not taken:
            with suppress(LockTaken), locker.hold(NAME, timeout=timeout, shared=shared):
                taken = True
                if shared:
                    _be_there_shared(folder)
                else:
                    _be_there_alone(folder)
                    alone += 1
    return alone


def _be_there_alone(folder: Path) -> None:
    here, number = folder / "inside" / ALONE, folder / "number"
    here.mkdir()
    told = int(number.read_text())
    assert [path.name for path in here.parent.iterdir()] == [ALONE], "there are other holders"
    number.write_text(str(told + 1))
    here.rmdir()


def _be_there_shared(folder: Path) -> None:
    here = folder / "inside" / f"{os.getpid()} {threading.get_ident()}"
    here.mkdir()
    assert not (here.parent / ALONE).exists(), "there is an exclusive holder"
    here.rmdir()
