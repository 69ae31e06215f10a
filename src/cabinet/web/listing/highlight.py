"""Highlight the parts of a name that match a search.

A search compares keys: letters without case and accents; several characters of a key may stand for one
letter. So a name is split into letters with their accents, and a highlight covers whole letters.

Rule: agrees with `services.tree.search` on what matches; this is the only place that escapes the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from markupsafe import Markup, escape

from cabinet.services.tree.names import search_key, search_words

_MARK = Markup("<mark>{}</mark>")


class Marker:
    """Highlights the matches of `query` in names."""

    def __init__(self, query: str) -> None:
        self._patterns = [re.compile(re.escape(word)) for word in search_words(query)]

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Return the start and stop of each match in `name`, in characters, `[start, stop)`; none touch."""
        letters = list(_letters(name))
        # The index of the letter that each character of the key comes from.
        key, owners = "", []
        for index, (start, stop) in enumerate(letters):
            part = search_key(name[start:stop])
            key += part
            owners += [index] * len(part)
        spans: list[tuple[int, int]] = []
        found = sorted(match.span() for pattern in self._patterns for match in pattern.finditer(key))
        for begin, end in found:
            start, stop = letters[owners[begin]][0], letters[owners[end - 1]][1]
            if spans and start <= spans[-1][1]:
                start, before = spans.pop()
                stop = max(stop, before)
            spans.append((start, stop))
        return spans

    def mark(self, name: str, *cuts: int) -> list[Markup]:
        """Return `name` as markup with `<mark>` around matches, in pieces that begin at 0 and at `cuts`."""
        spans = self.spans(name)
        edges = [0, *cuts, len(name)]
        return [_mark(name, spans, *edge) for edge in pairwise(edges)]


def _mark(name: str, spans: list[tuple[int, int]], start: int, stop: int) -> Markup:
    """Return the characters of `name` in `[start, stop)`, with `<mark>` around those in `spans`."""
    marked, done = Markup(), start
    for span in spans:
        begin, end = max(span[0], start), min(span[1], stop)
        if begin < end:
            marked += escape(name[done:begin]) + _MARK.format(name[begin:end])
            done = end
    return marked + escape(name[done:stop])


def _letters(name: str) -> Iterator[tuple[int, int]]:
    """Yield the start and stop of each letter in `name`; accents belong to the letter before them."""
    start = 0
    for index in range(1, len(name)):
        if search_key(name[index]) and not unicodedata.combining(name[index]):
            yield start, index
            start = index
    if name:
        yield start, len(name)
