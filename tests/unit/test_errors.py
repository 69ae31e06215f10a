"""The tree of errors, and that each of them has a status.

Rule: the tests walk the classes; nobody has to remember to add a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from types import ModuleType
from typing import Any

import pytest

from cabinet import errors, refusals
from cabinet.errors import CabinetError
from cabinet.refusals import Refusal
from cabinet.web.problems import STATUSES


def subclasses_of(parent: type[CabinetError]) -> Iterator[type[CabinetError]]:
    for child in parent.__subclasses__():
        # The console client has errors of its own, which no server ever answers with.
        if child.__module__.startswith((errors.__name__, refusals.__name__)):
            yield child
            yield from subclasses_of(child)


EVERY_ERROR = list(subclasses_of(CabinetError))


def example_of(kind: type[CabinetError]) -> CabinetError:
    annotations: dict[str, Any] = {}
    for parent in reversed(kind.__mro__):
        annotations |= {
            name: hint
            for name, hint in getattr(parent, "__annotations__", {}).items()
            if not hint.startswith("ClassVar")
        }
    return kind(**{name: 7 if hint == "int" else "<b>" for name, hint in annotations.items()})


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_has_a_status(kind: type[CabinetError]) -> None:
    assert STATUSES[kind] >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_says_what_it_knows_in_one_sentence(kind: type[CabinetError]) -> None:
    error = example_of(kind)

    text = str(error)

    assert "%(" not in text
    assert re.fullmatch(r"[“A-Z<7].*[.>]", text), text
    assert all(str(value) in text for name, value in error.data.items() if name != "content_hash")


def test_every_slug_is_a_word_of_its_own() -> None:
    slugs = [kind.slug for kind in EVERY_ERROR if not issubclass(kind, Refusal)]

    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


@pytest.mark.parametrize(("module", "top"), [(errors, CabinetError), (refusals, Refusal)])
def test_the_tree_at_the_head_of_a_module_is_the_tree_of_its_code(
    module: ModuleType, top: type[CabinetError]
) -> None:
    drawn = re.findall(r"^    ([ │├└─]*)(\w+)", module.__doc__ or "", re.MULTILINE)
    depth_and_name = [(len(lines) // 4, name) for lines, name in drawn]

    def walk(kind: type[CabinetError], depth: int) -> Iterator[tuple[int, str]]:
        yield depth, kind.__name__
        for child in kind.__subclasses__():
            if child.__module__.startswith(module.__name__):
                yield from walk(child, depth + 1)

    assert depth_and_name == list(walk(top, 0))
