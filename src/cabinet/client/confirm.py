"""Confirmation of actions that can't be undone: by --force or by a prompt.

Rule: without a terminal and without --force nothing is done. Moving to the trash needs no confirmation.
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
    """The confirmation of one command; raises `NotConfirmed` if it is not forced and cannot prompt."""

    output: Output
    is_forced: bool

    def __post_init__(self) -> None:
        if not (self.is_forced or can_prompt()):
            raise NotConfirmed

    def ask(self, question: str) -> None:
        """Prompt unless --force was given; raises `Declined`."""
        if self.is_forced:
            return
        with self.output.suspended():
            if not click.confirm(escape_controls(question), err=True):
                raise Declined


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the --force option."""
    return click.option("-y", "--force", is_flag=True, help="Delete permanently without asking.")(function)
