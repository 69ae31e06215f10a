"""What all page forms share.

Rule: `request_guards.py` checks the CSRF token before a view runs, so forms are built without it.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import InputRequired


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF carries no types
    """A form without a CSRF token of its own; `request_guards.py` checks it."""

    class Meta:  # noqa: D106 - the name is WTForms's
        csrf = False


def required() -> InputRequired:
    """Return a validator for a required field."""
    return InputRequired(_l("Fill in this field."))
