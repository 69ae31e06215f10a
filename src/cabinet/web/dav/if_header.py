"""Parse the header `If` (RFC 4918, 10.4).

Rule: pure functions; what a list means for a resource is decided by `changes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cabinet.errors import N_, MalformedRequest

BAD_IF = N_("the header If does not have the expected form.")

# More lists than any client sends; each may look a resource up.
MAX_LISTS = 100

_SPACE = re.compile(r"\s*")
_TAG = re.compile(r"<([^>]*)>")
_CONDITION = re.compile(
    r'\s*(Not\s+|Not(?=[<\[]))?(?:<([^>]*)>|\[\s*((?:W/)?"[^"]*"|[^\]]*)\s*\])', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: a token of a lock, or an entity tag."""

    is_negated: bool
    token: str | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class IfList:
    """Conditions that hold together, for the resource at an address, or for that of the request."""

    address: str | None
    conditions: Sequence[Condition]


def parse_if(header: str) -> list[IfList]:
    """Return the lists of a header; raises `MalformedRequest`.

    A last list that is cut off does not count, if another one is whole: any of them is enough, so that can only refuse
    more. Some clients cut long headers.
    """
    lists: list[IfList] = []
    address, position = None, _skip(header, 0)
    while position < len(header):
        if tag := _TAG.match(header, position):
            address, position = tag[1], _skip(header, tag.end())
            if not header.startswith("(", position):
                raise MalformedRequest(reason=BAD_IF)
            continue
        if lists and header.startswith("(", position) and ")" not in header[position:]:
            break
        end = _end_of_list(header, position)
        lists.append(IfList(address, list(_conditions(header, position + 1, end))))
        if len(lists) > MAX_LISTS:
            raise MalformedRequest(reason=BAD_IF)
        position = _skip(header, end + 1)
    if not lists:
        raise MalformedRequest(reason=BAD_IF)
    return lists


def tokens_in(lists: Sequence[IfList]) -> set[str]:
    """Return the tokens that the client shows, whatever it says about them."""
    return {each.token for some in lists for each in some.conditions if each.token and not each.is_negated}


def _skip(header: str, position: int) -> int:
    match = _SPACE.match(header, position)
    return match.end() if match else position


def _end_of_list(header: str, position: int) -> int:
    end = header.find(")", position)
    if not header.startswith("(", position) or end < 0:
        raise MalformedRequest(reason=BAD_IF)
    return end


def _conditions(header: str, position: int, end: int) -> Iterator[Condition]:
    if _skip(header, position) >= end:
        raise MalformedRequest(reason=BAD_IF)
    while position < end:
        match = _CONDITION.match(header, position, end)
        if match is None:
            raise MalformedRequest(reason=BAD_IF)
        tag = None if match[3] is None else match[3].strip().removeprefix("W/").strip('"')
        yield Condition(match[1] is not None, match[2], tag)
        position = min(_skip(header, match.end()), end)
