"""The table that a run prints.

Rule: a row says what was measured, what it was held against, and what was wanted of it; a miss is
a word in the table and never an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.measures import Samples

HEADINGS = ("what", "Cabinet", "held against", "figure", "wanted", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `passed` is None where nothing was promised."""

    what: str
    ours: str
    reference: str = ""
    figure: str = ""
    wanted: str = ""
    passed: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "pass", False: "MISS", None: ""}[self.passed]
        return (self.what, self.ours, self.reference, self.figure, self.wanted, verdict)


def rate_row(
    what: str,
    ours: Samples,
    other: tuple[str, Samples],
    unit: str,
    at_least: float | None = None,
    digits: int = 0,
) -> Row:
    """Compare two rates; more is better."""
    name, reference = other
    ratio = ours.times(reference)
    return Row(
        what,
        ours.show(unit, digits),
        f"{name} {reference.show(unit, digits)}",
        f"{ratio:.2f} times",
        "" if at_least is None else f">= {at_least:.2f} times",
        None if at_least is None else ratio >= at_least,
    )


def print_rows(rows: Sequence[Row]) -> None:
    """Print `rows` below their headings, in columns."""
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
