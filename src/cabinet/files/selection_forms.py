"""Everything in a place but some, as a request names it: by JSON, or by the fields of a form.

Rule: parses; whether it is what is there is for the services to say.
"""

from __future__ import annotations

from flask import request
from pydantic import BaseModel, ConfigDict, Field, field_validator

from cabinet.errors import InvalidField
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.tree.entries import Conflict
from cabinet.web.parameters import NOT_A_NUMBER


class FolderChoice(BaseModel):
    """All entries of `folder` but those of the names in `except`: `count` of them.

    A name in `except` that is not there counts for nothing.
    """

    model_config = ConfigDict(strict=True)

    folder: str
    excluding: list[str] = Field(default=[], alias="except")
    count: int = Field(ge=1)

    def selection(self) -> FolderSelection:
        """Return it as the services know it."""
        return FolderSelection(self.folder, frozenset(self.excluding), self.count)


class FolderArrangement(FolderChoice):
    """The same, and the folder that it is to be moved or copied to."""

    to: str
    on_conflict: str = Field(default=Conflict.FAIL, strict=False)


class TrashChoice(BaseModel):
    """All that is in the trash but what has an id in `except`: `count` things."""

    model_config = ConfigDict(strict=True)

    all: bool
    excluding: list[str] = Field(default=[], alias="except")
    count: int = Field(ge=1)

    @field_validator("all")
    @classmethod
    def _is_true(cls, value: bool) -> bool:
        if not value:
            raise ValueError
        return value

    def selection(self) -> TrashSelection:
        """Return it as the services know it."""
        return TrashSelection(frozenset(self.excluding), self.count)


class TrashReturn(TrashChoice):
    """The same, and what to do where something else is in its place."""

    on_conflict: str = Field(default=Conflict.FAIL, strict=False)


class BatchChoice(BaseModel):
    """What was done at once, by the id that the answer had."""

    batch: str


def selection_of_form() -> FolderSelection | None:
    """Return what the fields `folder`, `except` and `count` of a form select; None without a folder.

    A form has only so many fields, so one `except` may hold several names between slashes, which
    are in no name. Raises `InvalidField`.
    """
    folder = request.form.get("folder")
    if folder is None:
        return None
    count = request.form.get("count", "")
    if not (count.isascii() and count.isdigit() and len(count) <= 18 and int(count)):
        raise InvalidField(field="count", reason=NOT_A_NUMBER)
    names = (name for field in request.form.getlist("except") for name in field.split("/"))
    return FolderSelection(folder, frozenset(names), int(count))
