"""The class tree of errors, and their statuses.

Rule: the tests walk the classes, so that new ones are included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from cabinet import errors, refusals
from cabinet.errors import CabinetError, StructuredError
from cabinet.refusals import OperatorError
from cabinet.web.i18n import translate_error
from cabinet.web.problems import STATUSES


def subclasses_of(parent: type[StructuredError], module: ModuleType) -> Iterator[type[Any]]:
    for child in parent.__subclasses__():
        # The console client has errors of its own, which no server ever answers with.
        if child.__module__.startswith(module.__name__):
            yield child
            yield from subclasses_of(child, module)


EVERY_ERROR = list(subclasses_of(CabinetError, errors))
# Those of the operator that are raised, and not only a branch's name.
EVERY_REFUSAL = [kind for kind in subclasses_of(OperatorError, refusals) if kind.message]


def example_of(kind: type[StructuredError], *, is_sparse: bool = False) -> StructuredError:
    """Return an error with all its fields, or with those alone that it always has."""
    annotations: dict[str, Any] = {}
    for parent in reversed(kind.__mro__):
        annotations |= {
            name: hint
            for name, hint in getattr(parent, "__annotations__", {}).items()
            if not hint.startswith("ClassVar")
        }
    if is_sparse:
        annotations = {name: hint for name, hint in annotations.items() if "None" not in hint}
    return kind(**{name: 7 if hint.startswith("int") else "<b>" for name, hint in annotations.items()})


def test_every_request_error_has_a_status_and_no_other_error_has() -> None:
    assert set(EVERY_ERROR) == set(STATUSES)
    assert min(STATUSES.values()) >= HTTPStatus.BAD_REQUEST


def test_operator_errors_are_not_request_errors() -> None:
    assert EVERY_REFUSAL
    assert not issubclass(OperatorError, CabinetError)


@pytest.mark.parametrize("kind", [*EVERY_ERROR, *EVERY_REFUSAL])
def test_every_error_formats_its_fields(kind: type[StructuredError]) -> None:
    error = example_of(kind)

    text = str(error)

    assert "%(" not in text
    assert re.fullmatch(r"[“A-Z<7].*[.>]", text), text
    assert all(str(value) in text for name, value in error.data.items() if name != "content_hash")


@pytest.mark.parametrize("is_sparse", [False, True])
def test_every_error_is_translated(app: Flask, is_sparse: bool) -> None:
    for kind in EVERY_ERROR:
        error = example_of(kind, is_sparse=is_sparse)
        assert isinstance(error, CabinetError)

        with app.test_request_context(headers={"Accept-Language": "ru"}):
            title, detail = translate_error(error)

        assert re.search("[а-яё]", title), kind
        assert re.search("[а-яё]", detail), kind
        assert "%(" not in detail, kind


def test_slugs_are_unique() -> None:
    slugs = [kind.slug for kind in EVERY_ERROR]

    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


@pytest.mark.parametrize(("module", "top"), [(errors, CabinetError), (refusals, OperatorError)])
def test_the_class_tree_in_a_docstring_matches_the_code(
    module: ModuleType, top: type[StructuredError]
) -> None:
    drawn = re.findall(r"^    ([ │├└─]*)(\w+)", module.__doc__ or "", re.MULTILINE)
    depth_and_name = [(len(lines) // 4, name) for lines, name in drawn]

    def walk(kind: type[StructuredError], depth: int) -> Iterator[tuple[int, str]]:
        yield depth, kind.__name__
        for child in kind.__subclasses__():
            if child.__module__.startswith(module.__name__):
                yield from walk(child, depth + 1)

    assert depth_and_name == list(walk(top, 0))
