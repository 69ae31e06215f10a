"""Confirmation to do what cannot be taken back: given beforehand by --force, or asked for.

Rule: where there is nobody to ask, nothing is done without it. What ends in the trash needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from cabinet.client.failures import Declined, NotConfirmed
from cabinet.client.output import Output
from cabinet.terminal.streams import can_prompt
from cabinet.terminal.text import escape_controls


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Whether leave was given beforehand; raises `NotConfirmed` if it can never be had."""

    output: Output
    is_forced: bool

    def __post_init__(self) -> None:
        if not (self.is_forced or can_prompt()):
            raise NotConfirmed

    def ask(self, question: str) -> None:
        """Ask unless leave was given; raises `Declined`."""
        if self.is_forced:
            return
        with self.output.suspended():
            if not click.confirm(escape_controls(question), err=True):
                raise Declined


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the option that gives leave."""
    return click.option(
        "-y", "--force", is_flag=True, help="Do not ask before something is removed for ever."
    )(function)
