"""What all page forms share.

Rule: `request_guards.py` checks the CSRF token before a view runs, so forms are built without it.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.validators import InputRequired, Length

from cabinet.web.parameters import MAX_PATHS


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF carries no types
    """A form without a CSRF token of its own; `request_guards.py` checks it."""

    class Meta:  # noqa: D106 - the name is WTForms's
        csrf = False


def required() -> InputRequired:
    """Return a validator for a required field."""
    return InputRequired(_l("Fill in this field."))


class SelectionForm(Form):
    """The selected files and folders, up to the limit of a request."""

    path = SelectMultipleField("", validators=[required(), Length(max=MAX_PATHS)], validate_choice=False)


def paths_of(form: SelectionForm) -> list[str]:
    """Return the selected paths without duplicates."""
    return list(dict.fromkeys(form.path.data or []))
