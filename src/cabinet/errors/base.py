"""The bases of every error: its words and its fields; and of those that a request can meet, its slug.

Rule: raised with data, never with prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, dataclass_transform


def N_(text: str) -> str:  # noqa: N802 - the name that message catalogs look for
    """Mark a text for the message catalog and return it unchanged."""
    return text


# The fields that are numbers of bytes.
SIZE_FIELDS = frozenset({"limit", "quota"})

_BEFORE_A_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass_transform(kw_only_default=True, eq_default=False)
class StructuredError(Exception):
    """An error that is raised on purpose; subclasses become dataclasses, whose fields fill the message."""

    message: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclass(eq=False, kw_only=True)(cls)

    @property
    def data(self) -> dict[str, Any]:
        """The fields of this error, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __str__(self) -> str:
        told = {name: f"{value} bytes" if name in SIZE_FIELDS else value for name, value in self.data.items()}
        return self.message % told


class CabinetError(StructuredError):
    """Base of every error that a request or a use of filecli can meet.

    The slug is what a program knows the class by; if it gives none, it is the class's name.
    """

    slug: ClassVar[str] = "error"
    # The fields that a program gets as members of the problem document, besides the sentence.
    members: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = N_("Something went wrong")
    message: ClassVar[str] = N_("The request could not be completed.")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "slug" not in cls.__dict__:
            cls.slug = _BEFORE_A_WORD.sub("-", cls.__name__).lower()
