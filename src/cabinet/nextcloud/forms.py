"""The form with which a person lets an app in.

Rule: defines fields and labels; the services check what is typed.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import Length

from cabinet.web.forms import Form, required

USERNAME_MAX_LENGTH = 64


class GrantForm(Form):
    """The user name and the password, also of those who are signed in: whoever has the browser must know it."""

    username = StringField(
        _l("User name"),
        [required(), Length(max=USERNAME_MAX_LENGTH, message=_l("At most %(max)d characters."))],
        render_kw={"autocapitalize": "none", "autocomplete": "username", "spellcheck": "false"},
    )
    password = PasswordField(_l("Password"), [required()], render_kw={"autocomplete": "current-password"})
