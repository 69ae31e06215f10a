"""Printing: data to stdout, everything else to stderr, as text or as JSON.

Rule: control characters in text are escaped here; a JSON value is written as soon as it is available.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import click

from cabinet.terminal.text import escape_controls, to_count, to_size

# Converts a value that JSON does not support.
Encoder = Callable[[Any], Any]


class OutputError(OSError):
    """Standard output cannot be written: it is closed, or its disk is full."""


def say(*texts: str) -> None:
    """Print lines of data to stdout; raises `OutputError`, as every function here that writes to stdout."""
    _write("\n".join(map(escape_controls, texts)))


def note(text: str) -> None:
    """Print a message to stderr; a failure to write is ignored."""
    with suppress(OSError):
        click.echo(escape_controls(text), err=True)


def draw(text: str) -> None:
    """Print text of our own with its colors to stderr, without them unless it is a terminal."""
    click.echo(text, err=True)


def print_json(*values: Any, encoder: Encoder | None = None) -> None:
    """Print JSON values, one per line."""
    _write("\n".join(json.dumps(value, default=encoder) for value in values))


def print_array(
    head: Mapping[str, Any], name: str, values: Iterable[Any], encoder: Encoder | None = None
) -> None:
    """Print one JSON object: the members of `head`, and `values` as the member `name`, as they arrive.

    Nothing is printed before the first value is available; if it raises, nothing is printed at all.
    """
    lines = (json.dumps(value, default=encoder) for value in values)
    first = next(lines, "")
    opened = json.dumps({**head, name: []}, default=encoder).removesuffix("]}")
    _write(f"{opened}{first}", ends=False)
    for line in lines:
        _write(f",\n{line}", ends=False)
    _write("]}")


def to_summary(verb: str, files: int, size: int, how: str = "", **others: int) -> str:
    """Return the line of totals of a command over files; `others` are counts by name, zeros are left out."""
    rest = "".join(f" {count:,} {name.replace('_', ' ')}." for name, count in others.items() if count)
    return f"{verb} {to_count(files, 'file')}, {to_size(size)}{how}.{rest}"


def _write(text: str, *, ends: bool = True) -> None:
    try:
        click.echo(text, nl=ends)
    except BrokenPipeError:
        raise  # a reader that closed the pipe is not an error
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error
