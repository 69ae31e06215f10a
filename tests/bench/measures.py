"""Measurements: repeated, alternating, and summarized by the median.

Rule: candidates alternate (A B C, A B C), so that a slowdown of the machine affects all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Samples:
    """What one contender got, round by round."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)

    def times(self, other: Samples) -> float:
        """Return the ratio to `other`: the median of the ratios of each round."""
        return median(mine / its for mine, its in zip(self.values, other.values, strict=True))

    def show(self, unit: str, digits: int = 0) -> str:
        """Return the median and, in brackets, the least and the most."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}) {unit}"


def alternate(contenders: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, Samples]:
    """Ask each contender for its figure once per round, with the number of the round."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, measure in contenders.items():
            found[name].append(measure(number))
    return {name: Samples(values) for name, values in found.items()}


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` (0 to 1) of all `values` do not exceed."""
    return sorted(values)[ceil(part * len(values)) - 1]
