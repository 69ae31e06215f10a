"""What a command says: data to stdout, all else to stderr, as lines for people or as JSON for programs.

Rule: every line for people is neutralised here; a value of JSON is written as soon as it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import click

from cabinet.terminal.text import escape_controls, to_count, to_size

# Turns what JSON does not know into something that it knows.
Encoder = Callable[[Any], Any]


class OutputError(OSError):
    """Standard output did not take what was asked for: it is closed, or its disk is full."""


def say(*texts: str) -> None:
    """Print lines of what was asked for; raises `OutputError`, as all do that print to standard output."""
    _write("\n".join(map(escape_controls, texts)))


def note(text: str) -> None:
    """Tell something beside the data, on stderr; where that cannot be, there is nobody who could be told."""
    with suppress(OSError):
        click.echo(escape_controls(text), err=True)


def print_json(*values: Any, encoder: Encoder | None = None) -> None:
    """Print JSON values, each on a line of its own."""
    _write("\n".join(json.dumps(value, default=encoder) for value in values))


def print_array(
    head: Mapping[str, Any], name: str, values: Iterable[Any], encoder: Encoder | None = None
) -> None:
    """Print one JSON object: the members of `head`, and `values`, while they come, as `name`.

    Nothing is printed before the first value is there, or could not be had.
    """
    lines = (json.dumps(value, default=encoder) for value in values)
    first = next(lines, "")
    opened = json.dumps({**head, name: []}, default=encoder).removesuffix("]}")
    _write(f"{opened}{first}", ends=False)
    for line in lines:
        _write(f",\n{line}", ends=False)
    _write("]}")


def to_summary(verb: str, files: int, size: int, how: str = "", **others: int) -> str:
    """Return the line that ends a command over files; of `others`, by their names, only those that are any."""
    rest = "".join(f" {count:,} {name.replace('_', ' ')}." for name, count in others.items() if count)
    return f"{verb} {to_count(files, 'file')}, {to_size(size)}{how}.{rest}"


def _write(text: str, *, ends: bool = True) -> None:
    try:
        click.echo(text, nl=ends)
    except BrokenPipeError:
        raise  # a reader that has had enough is no fault
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error
