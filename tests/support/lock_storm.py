"""Many who take one lock and let go of it again as fast as they can, and notice when two have it.

Whoever has the lock alone is the only one in a folder, and adds one to a number by reading and
writing it; whoever has it together with others is there with nobody who has it alone.

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

# What stands for whoever has the lock alone.
ALONE = "alone"

# Seconds that nobody waits for as long as the lock goes round.
PATIENCE = 60.0


def storm(url: str, folder: Path, rounds: int) -> int:
    """Have several processes of several threads take the lock, each as often as told; returns how often alone.

    Raises AssertionError where two had it, or OSError.
    """
    inside, number = folder / "inside", folder / "number"
    inside.mkdir()
    number.write_text("0")
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        running = [pool.submit(_crowd, url, folder, rounds, seed) for seed in range(PROCESSES)]
        alone = sum(each.result(PATIENCE * 2) for each in running)
    assert number.read_text() == str(alone), "what one wrote was lost"
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
        together = chosen.random() < 0.3
        patience = chosen.choice([0, PATIENCE])
        taken = False
        while not taken:
            with suppress(LockTaken), locker.hold(NAME, patience=patience, together=together):
                taken = True
                if together:
                    _be_there_together(folder)
                else:
                    _be_there_alone(folder)
                    alone += 1
    return alone


def _be_there_alone(folder: Path) -> None:
    here, number = folder / "inside" / ALONE, folder / "number"
    here.mkdir()
    told = int(number.read_text())
    assert [path.name for path in here.parent.iterdir()] == [ALONE], "others have it, too"
    number.write_text(str(told + 1))
    here.rmdir()


def _be_there_together(folder: Path) -> None:
    here = folder / "inside" / f"{os.getpid()} {threading.get_ident()}"
    here.mkdir()
    assert not (here.parent / ALONE).exists(), "somebody has it alone"
    here.rmdir()
