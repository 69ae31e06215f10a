"""The options that upload, download and sync share.

Rule: values only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from cabinet.client.remote.names import complete_local
from cabinet.client.transfer.rate_limit import to_rate
from cabinet.client.transfer.selection import Selection
from cabinet.client.worker_pool import DEFAULT_JOBS, MAX_JOBS

# Standard input or output, in place of a file.
STDIO = "-"


@dataclass(frozen=True, slots=True)
class TransferOptions:
    """The options of a transfer: `jobs` files at a time, `rate` in bytes per second, None for no limit."""

    jobs: int = DEFAULT_JOBS
    rate: int | None = None
    dry_run: bool = False
    selection: Selection = field(default_factory=Selection)


def to_transfer_options(
    *, jobs: int, limit_rate: str | None, dry_run: bool, include: tuple[str, ...], exclude: tuple[str, ...]
) -> TransferOptions:
    """Parse the values of the options; raises `BadUsage`."""
    rate = None if limit_rate is None else to_rate(limit_rate)
    return TransferOptions(jobs, rate, dry_run, Selection(include, exclude))


def add_transfer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that `to_transfer_options` parses."""
    for declare in reversed(_OPTIONS):
        function = declare(function)
    return function


dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Show what would be done, without doing it."
)

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE|DIR|-",
    shell_complete=complete_local,
    help="The target; - is standard output.",
)

_OPTIONS = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, MAX_JOBS),
        default=DEFAULT_JOBS,
        show_default=True,
        metavar="N",
        help="How many files to transfer at a time.",
    ),
    click.option(
        "--include", multiple=True, metavar="PATTERN", help="Only files that match, such as '*.jpg'."
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Skip what matches, such as 'build/'."),
    click.option(
        "--limit-rate", metavar="RATE", help="Limit the rate in bytes per second, such as 500k or 2M."
    ),
    dry_run_option,
)
