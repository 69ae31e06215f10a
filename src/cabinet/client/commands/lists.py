"""Lists that commands print: a header and a line for each item, or JSON.

Rule: an item is printed when it arrives; nothing is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cabinet.client.output import Output


class Item(Protocol):
    """What has an id and a JSON document."""

    @property
    def id(self) -> str:
        """Its id on the server."""

    @property
    def document(self) -> Mapping[str, Any]:
        """Its JSON."""


_T = TypeVar("_T", bound=Item)


@dataclass(frozen=True, slots=True)
class Listing(Generic[_T]):
    """How to print a list: `member` has it in the JSON, `head` gets the length of ids, `nothing` is said of none."""

    member: str
    head: Callable[[int], str]
    row: Callable[[_T], str]
    nothing: str

    def show(self, output: Output, items: Iterable[_T], about: Mapping[str, Any] | None = None) -> None:
        """Print `items`; `about` are other members of the JSON."""
        if output.as_json:
            output.array(dict(about or {}), self.member, (dict(item.document) for item in items))
            return
        is_empty = True
        for item in items:
            if is_empty:
                output.result(self.head(len(item.id)))
            is_empty = False
            output.data(self.row(item))
        if is_empty:
            output.note(self.nothing)
