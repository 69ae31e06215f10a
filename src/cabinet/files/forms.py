"""The forms of the files pages.

A field that is not shown has an empty label: for none, WTForms would load its own catalog to translate the
name, which takes a millisecond of each page.

Rule: fields and labels only. The services validate names; uploaded bytes never pass through here, they are
streamed from the request into the store.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the types are those of 3.2
from wtforms.validators import Length, NumberRange

from cabinet.services.tree.entries import OnConflict
from cabinet.web.forms import Form, SelectionForm, required
from cabinet.web.listing.forms import NAME_HABITS
from cabinet.web.parameters import MAX_PATHS


class RenameForm(SelectionForm):
    """A new name in the same folder."""

    name = StringField(_l("New name"), [required()], render_kw=NAME_HABITS)


class ConflictForm(Form):
    """What to do if the name is taken."""

    on_conflict = SelectField(
        _l("If the name already exists"),
        choices=[
            SelectChoice(OnConflict.FAIL.value, _l("change nothing and report it")),
            SelectChoice(OnConflict.RENAME.value, _l("keep both, adding a number")),
            SelectChoice(OnConflict.REPLACE.value, _l("replace, moving the old one to the trash")),
        ],
    )


class ArrangeForm(SelectionForm, ConflictForm):
    """The target folder of the selection."""

    to = StringField(
        _l("Destination folder"),
        description=_l("A path such as “Documents/2026”, created if missing. Leave empty for “Your files”."),
        render_kw={**NAME_HABITS, "list": "folders"},
    )


class TrashedForm(Form):
    """Items in the trash, by their ids; `sure` is set once the user has confirmed."""

    id = SelectMultipleField("", validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)
    sure = BooleanField("")


class RestoreForm(TrashedForm, ConflictForm):
    """Items in the trash to restore."""


class VersionForm(Form):
    """One version of a file."""

    path = HiddenField("", validators=[required()])
    number = IntegerField("", validators=[required(), NumberRange(min=1)])
