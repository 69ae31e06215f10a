"""Leave to do what cannot be taken back: given beforehand by --force, or asked for.

Rule: where there is nobody to ask, nothing is done without it. What ends in the trash needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from cabinet.client.failures import Declined, NotConfirmed
from cabinet.client.output import Output
from cabinet.terminal.streams import is_attended
from cabinet.terminal.text import neutralise


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether leave was given beforehand; raises `NotConfirmed` if it can never be had."""

    output: Output
    is_given: bool

    def __post_init__(self) -> None:
        if not (self.is_given or is_attended()):
            raise NotConfirmed

    def ask(self, question: str) -> None:
        """Ask unless leave was given; raises `Declined`."""
        if self.is_given:
            return
        with self.output.aside():
            if not click.confirm(neutralise(question), err=True):
                raise Declined


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the option that gives leave."""
    return click.option(
        "-y", "--force", is_flag=True, help="Do not ask before something is removed for ever."
    )(function)
