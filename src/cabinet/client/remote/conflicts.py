"""Resolution of name conflicts: `--on-conflict`.

Rule: conflicts are looked up on the server, and on a terminal asked about, before anything is sent; the
result is a value of `on_conflict` that the server supports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from cabinet.client.local import Source
from cabinet.client.output import Output, to_event
from cabinet.client.summary import Summary
from cabinet.client.wire.entries import PAGE_SIZE
from cabinet.errors import EntryExists
from cabinet.terminal.streams import can_prompt
from cabinet.terminal.text import escape_controls, to_size

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api
    from cabinet.client.wire.entries import RemoteEntry

REPLACE, RENAME, SKIP, FAIL, ASK = "replace", "rename", "skip", "fail", "ask"
CHOICES = [ASK, SKIP, REPLACE, RENAME, FAIL]


def conflict_option(default: str, description: str) -> Callable[..., Any]:
    """Declare the --on-conflict option; `description` begins its help."""
    return click.option(
        "--on-conflict",
        type=click.Choice(CHOICES),
        default=default,
        show_default=True,
        help=f"{description} Without a terminal, ask means fail.",
    )


_ANSWERS = {"r": REPLACE, "k": RENAME, "s": SKIP}


@dataclass(frozen=True, slots=True)
class UploadTask:
    """A file to upload to `path`."""

    source: Source
    path: str
    on_conflict: str


class ConflictPrompt:
    """Decides what to do with each existing entry; `choice` is one of `CHOICES`."""

    def __init__(self, output: Output, choice: str) -> None:
        self._output = output
        # Without a terminal no prompt is possible, and nothing may be lost.
        self.choice = FAIL if choice == ASK and not can_prompt() else choice

    def choose(self, entry: RemoteEntry) -> str:
        """Return what to do about the existing `entry`: anything but `ASK`."""
        return self._ask(entry) if self.choice == ASK else self.choice

    def _ask(self, entry: RemoteEntry) -> str:
        size = "a folder" if entry.is_folder else to_size(entry.size)
        question = (
            f"“{escape_controls(entry.path)}” ({size}) exists. "
            "Replace it, keep both, or skip? A capital letter applies to all"
        )
        with self._output.suspended():
            answer = click.prompt(question, type=click.Choice([*"rksRKS"]), err=True)
        choice = _ANSWERS[answer.lower()]
        if answer.isupper():
            self.choice = choice
        return choice


class ConflictResolver:
    """Resolves the conflicts of the uploads of one command; `choice` is one of `CHOICES`."""

    def __init__(self, api: Api, output: Output, summary: Summary, choice: str) -> None:
        self._api = api
        self._output = output
        self._summary = summary
        self._chooser = ConflictPrompt(output, choice)

    def resolve(self, files: Iterable[tuple[Source, str]]) -> Iterator[UploadTask]:
        """Yield the tasks for `files`, each with its server path; skipped and failed files are left out."""
        if self._chooser.choice in (REPLACE, RENAME):
            for source, path in files:
                yield UploadTask(source, path, self._chooser.choice)
            return
        # An entry that appears after the lookup is refused, or else replaced, which keeps it as a
        # version.
        unforeseen = FAIL if self._chooser.choice == FAIL else REPLACE
        remaining = iter(files)
        while some := list(islice(remaining, PAGE_SIZE)):
            found = self._api.lookup([path for _, path in some])
            for (source, path), entry in zip(some, found, strict=True):
                task = UploadTask(source, path, unforeseen)
                if entry is None or entry.is_folder:  # the server refuses to replace a folder
                    yield task
                else:
                    yield from self._resolve_one(task, entry)

    def _resolve_one(self, task: UploadTask, entry: RemoteEntry) -> Iterator[UploadTask]:
        choice = self._chooser.choose(entry)
        if choice == SKIP:
            self._summary.unchanged()
            self._output.document(to_event("skipped", local=str(task.source.path), path=task.path))
        elif choice == FAIL:
            self._summary.failed(str(task.source.path), EntryExists(path=task.path))
        else:
            yield replace(task, on_conflict=choice)
