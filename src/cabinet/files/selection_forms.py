"""Parse the selection of everything in a place except some entries, from JSON or form fields.

Rule: only parses; the services compare it with what exists.
"""

from __future__ import annotations

from flask import request
from pydantic import BaseModel, ConfigDict, Field, field_validator

from cabinet.errors import InvalidField
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.tree.entries import OnConflict
from cabinet.web.parameters import NOT_A_NUMBER


class FolderSelectionRequest(BaseModel):
    """All entries of `folder` except the names in `except`: `count` of them.

    A name in `except` that does not exist is ignored.
    """

    model_config = ConfigDict(strict=True)

    folder: str
    excluding: list[str] = Field(default=[], alias="except")
    count: int = Field(ge=1)

    def selection(self) -> FolderSelection:
        """Return the selection for the services."""
        return FolderSelection(self.folder, frozenset(self.excluding), self.count)


class FolderRelocationRequest(FolderSelectionRequest):
    """The same, and the target folder of a move or copy."""

    to: str
    on_conflict: str = Field(default=OnConflict.FAIL, strict=False)


class TrashSelectionRequest(BaseModel):
    """All items in the trash except the ids in `except`: `count` of them."""

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
        """Return the selection for the services."""
        return TrashSelection(frozenset(self.excluding), self.count)


class TrashRestoreRequest(TrashSelectionRequest):
    """The same, and what to do if the original path is taken."""

    on_conflict: str = Field(default=OnConflict.FAIL, strict=False)


class BatchRequest(BaseModel):
    """A batch, by the id in the response that made it."""

    batch: str


def selection_of_form() -> FolderSelection | None:
    """Return the selection in the fields `folder`, `except` and `count` of a form; None without a folder.

    A form may have only so many fields, so one `except` may hold several names separated by slashes, which
    names cannot contain. Raises `InvalidField`.
    """
    folder = request.form.get("folder")
    if folder is None:
        return None
    count = request.form.get("count", "")
    if not (count.isascii() and count.isdigit() and len(count) <= 18 and int(count)):
        raise InvalidField(field="count", reason=NOT_A_NUMBER)
    names = (name for field in request.form.getlist("except") for name in field.split("/"))
    return FolderSelection(folder, frozenset(names), int(count))
