"""What all page forms share.

Rule: `guard.py` checks the cross-site token before a view runs, so forms are built without it.
"""

from __future__ import annotations

from flask_wtf import FlaskForm


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF carries no types
    """A form that leaves the cross-site token to the guard."""

    class Meta:  # noqa: D106 - the name is WTForms's
        csrf = False
