"""The table printed by a run.

Rule: a row says what was measured, the reference and the goals; a missed goal is a word in the table and never an
exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.measures import Samples

HEADINGS = ("what", "Cabinet", "held against", "figure", "at least", "wanted", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `passed` is None without a goal, and `excelled` once it is as good as wanted."""

    what: str
    ours: str
    reference: str = ""
    figure: str = ""
    at_least: str = ""
    passed: bool | None = None
    wanted: str = ""
    excelled: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "pass", False: "MISS", None: ""}[self.passed]
        if self.excelled:
            verdict = "wanted"
        return (self.what, self.ours, self.reference, self.figure, self.at_least, self.wanted, verdict)


@dataclass(frozen=True, slots=True)
class Bars:
    """The two goals of a figure: what it has to be at least, and what is wanted.

    The better of them says whether more or less is better.
    """

    at_least: float
    wanted: float
    unit: str

    def holds(self, figure: float, bar: float) -> bool:
        """Return whether `figure` is as good as `bar`."""
        return figure >= bar if self.wanted > self.at_least else figure <= bar

    def row(self, what: str, ours: str, value: float, reference: str = "", figure: str = "") -> Row:
        """Return the row of a figure with these goals."""
        sign = ">=" if self.wanted > self.at_least else "<="
        at_least, wanted = (f"{sign} {bar:g} {self.unit}" for bar in (self.at_least, self.wanted))
        passed, excelled = (self.holds(value, bar) for bar in (self.at_least, self.wanted))
        return Row(what, ours, reference, figure, at_least, passed, wanted, excelled)


def rate_row(
    what: str,
    ours: Samples,
    other: tuple[str, Samples],
    unit: str,
    bars: Bars | float | None = None,
    digits: int = 0,
) -> Row:
    """Compare two rates; more is better. A single number is what the ratio has to be at least."""
    name, reference = other
    ratio = ours.times(reference)
    shown = ours.show(unit, digits), f"{name} {reference.show(unit, digits)}", f"{ratio:.2f} times"
    if isinstance(bars, Bars):
        return bars.row(what, shown[0], ratio, *shown[1:])
    if bars is None:
        return Row(what, *shown)
    return Row(what, *shown, f">= {bars:.2f} times", ratio >= bars)


def print_rows(rows: Sequence[Row]) -> None:
    """Print `rows` below their headings, in columns."""
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
