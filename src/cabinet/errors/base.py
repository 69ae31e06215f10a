"""The base classes of all errors: texts, fields, and slugs.

Rule: errors are raised with data, never with prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, dataclass_transform


def N_(text: str) -> str:  # noqa: N802 - the name that message catalogs look for
    """Mark a text for the message catalog, and return it unchanged."""
    return text


# Fields that are sizes in bytes.
SIZE_FIELDS = frozenset({"free", "limit", "needed"})

_BEFORE_A_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass_transform(kw_only_default=True, eq_default=False)
class StructuredError(Exception):
    """Base of the project's errors; subclasses become dataclasses whose fields fill the message."""

    message: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclass(eq=False, kw_only=True)(cls)

    @property
    def data(self) -> dict[str, Any]:
        """The fields of this error, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @property
    def template(self) -> str:
        """The message with placeholders for the fields that are known."""
        return self.message

    def __str__(self) -> str:
        values = {
            name: f"{value} bytes" if name in SIZE_FIELDS else value for name, value in self.data.items()
        }
        return self.template % values


class CabinetError(StructuredError):
    """Base of every error of a request or of filecli.

    The slug identifies the class for programs; by default it is derived from the class's name.
    """

    slug: ClassVar[str] = "error"
    # Fields that are extra members of the problem document (RFC 9457), beside its text.
    members: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = N_("Something went wrong")
    message: ClassVar[str] = N_("The request could not be completed.")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "slug" not in cls.__dict__:
            cls.slug = _BEFORE_A_WORD.sub("-", cls.__name__).lower()
