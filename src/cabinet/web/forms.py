"""What all page forms share.

Rule: `request_guards.py` checks the cross-site token before a view runs, so forms are built without it.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import InputRequired


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF carries no types
    """A form that leaves the cross-site token to the guard."""

    class Meta:  # noqa: D106 - the name is WTForms's
        csrf = False


def required() -> InputRequired:
    """Return what asks for something in a field."""
    return InputRequired(_l("Fill in this field."))
