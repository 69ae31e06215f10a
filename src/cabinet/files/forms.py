"""The forms of the files pages.

Rule: fields and labels only. Whether a name will do is for the services to say; the bytes of an
upload never pass through here, they stream from the request into the store.
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
    """One file or many; only ever rendered, for validating it would read the body."""

    file = MultipleFileField(_l("Choose files"))


class NewFolderForm(Form):
    """A folder to be made in the folder `folder`."""

    folder = HiddenField()
    name = StringField(_l("Name of the folder"), [required()], render_kw=_NAME_HABITS)


class Forms(TypedDict):
    """What every page with a list needs of forms, by the names that its template has for it."""

    upload_form: UploadForm
    folder_form: NewFolderForm


def empty_forms() -> Forms:
    """Return the forms of the rail, with nothing in them."""
    return {"upload_form": UploadForm(formdata=None), "folder_form": NewFolderForm(formdata=None)}


class ChosenForm(Form):
    """Files and folders that something is done with, as many as a request may name."""

    path = SelectMultipleField(validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)


def paths_of(form: ChosenForm) -> list[str]:
    """Return the chosen paths, each once."""
    return list(dict.fromkeys(form.path.data or []))


class RenameForm(ChosenForm):
    """A new name in the same folder."""

    name = StringField(_l("New name"), [required()], render_kw=_NAME_HABITS)


class ConflictForm(Form):
    """What to do when the name is in use."""

    on_conflict = SelectField(
        _l("If the name is in use there"),
        choices=[
            SelectChoice(Conflict.FAIL.value, _l("stop and tell me")),
            SelectChoice(Conflict.RENAME.value, _l("keep both, with a number")),
            SelectChoice(Conflict.REPLACE.value, _l("replace, the old one goes to the trash")),
        ],
    )


class ArrangeForm(ChosenForm, ConflictForm):
    """The folder that the chosen ones go to."""

    to = StringField(
        _l("Folder to move or copy to"),
        description=_l(
            "A path such as “Documents/2026”. It is made if it is not there; empty means “Your files”."
        ),
        render_kw={**_NAME_HABITS, "list": "folders"},
    )


class TrashedForm(Form):
    """Things in the trash, by their ids there; `sure` is what somebody is once they were asked."""

    id = SelectMultipleField(validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)
    sure = BooleanField()


class ReturnForm(TrashedForm, ConflictForm):
    """Things in the trash that go back to where they were."""


class VersionForm(Form):
    """One version of a file."""

    path = HiddenField(validators=[required()])
    number = IntegerField(validators=[required(), NumberRange(min=1)])
