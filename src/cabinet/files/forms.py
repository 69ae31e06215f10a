"""The forms of the files pages.

Rule: fields and labels only. The services validate names; uploaded bytes never pass through here, they are
streamed from the request into the store.
"""

from __future__ import annotations

from typing import TypedDict

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    MultipleFileField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the types are those of 3.2
from wtforms.validators import Length, NumberRange

from cabinet.services.tree.entries import Conflict
from cabinet.web.forms import Form, required
from cabinet.web.parameters import MAX_PATHS

_NAME_HABITS = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class UploadForm(Form):
    """One file or many; only rendered, because validation would read the body."""

    file = MultipleFileField(_l("Choose files"))


class NewFolderForm(Form):
    """A new folder in `folder`."""

    folder = HiddenField()
    name = StringField(_l("Name of the folder"), [required()], render_kw=_NAME_HABITS)


class Forms(TypedDict):
    """The forms of every page with a list, by their names in its template."""

    upload_form: UploadForm
    folder_form: NewFolderForm


def empty_forms() -> Forms:
    """Return the forms of the rail, empty."""
    return {"upload_form": UploadForm(formdata=None), "folder_form": NewFolderForm(formdata=None)}


class ChosenForm(Form):
    """The selected files and folders, up to the limit of a request."""

    path = SelectMultipleField(validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)


def paths_of(form: ChosenForm) -> list[str]:
    """Return the selected paths without duplicates."""
    return list(dict.fromkeys(form.path.data or []))


class RenameForm(ChosenForm):
    """A new name in the same folder."""

    name = StringField(_l("New name"), [required()], render_kw=_NAME_HABITS)


class ConflictForm(Form):
    """What to do if the name is taken."""

    on_conflict = SelectField(
        _l("If the name is in use there"),
        choices=[
            SelectChoice(Conflict.FAIL.value, _l("stop and tell me")),
            SelectChoice(Conflict.RENAME.value, _l("keep both, with a number")),
            SelectChoice(Conflict.REPLACE.value, _l("replace, the old one goes to the trash")),
        ],
    )


class ArrangeForm(ChosenForm, ConflictForm):
    """The target folder of the selection."""

    to = StringField(
        _l("Folder to move or copy to"),
        description=_l(
            "A path such as “Documents/2026”. It is made if it is not there; empty means “Your files”."
        ),
        render_kw={**_NAME_HABITS, "list": "folders"},
    )


class TrashedForm(Form):
    """Items in the trash, by their ids; `sure` is set once the user has confirmed."""

    id = SelectMultipleField(validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)
    sure = BooleanField()


class ReturnForm(TrashedForm, ConflictForm):
    """Items in the trash to restore."""


class VersionForm(Form):
    """One version of a file."""

    path = HiddenField(validators=[required()])
    number = IntegerField(validators=[required(), NumberRange(min=1)])
