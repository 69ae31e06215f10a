"""The forms beside a list, which add to its folder.

Rule: fields and labels only. The services validate names; uploaded bytes never pass through here, they are
streamed from the request into the store.
"""

from __future__ import annotations

from typing import TypedDict

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField, StringField

from cabinet.web.forms import Form, required

NAME_HABITS = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class UploadForm(Form):
    """One file or many; only rendered, because validation would read the body."""

    file = MultipleFileField(_l("Select files"))


class NewFolderForm(Form):
    """A new folder in `folder`."""

    folder = HiddenField("")
    name = StringField(_l("Folder name"), [required()], render_kw=NAME_HABITS)


class Forms(TypedDict):
    """The forms of every page with a list, by their names in its template."""

    upload_form: UploadForm
    folder_form: NewFolderForm


def empty_forms() -> Forms:
    """Return the forms of the rail, empty."""
    return {"upload_form": UploadForm(formdata=None), "folder_form": NewFolderForm(formdata=None)}
