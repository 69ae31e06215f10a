"""The forms of the account pages.

Rule: a form defines fields and labels. The services validate names and passwords, and a password is used
exactly as typed; the view adds the errors of the services to the fields.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, PasswordField, SelectMultipleField, StringField
from wtforms.validators import AnyOf, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput

from cabinet.services.accounts.token_scopes import USUAL, TokenScope, in_order
from cabinet.web.forms import Form, required
from cabinet.web.i18n import NAMES

USERNAME_MAX_LENGTH = 64
TOKEN_NAME_MAX_LENGTH = 100
# Ten years: longer than any password should live, short enough for every calendar.
TOKEN_MAX_DAYS = 3650

SCOPE_LABELS = {
    TokenScope.READ: _l("View and download"),
    TokenScope.WRITE: _l("Upload, change and delete"),
    TokenScope.SHARE: _l("Share with others"),
    TokenScope.ADMIN: _l("Administer the server"),
}


def _username(**render: Any) -> StringField:
    render = {"autocapitalize": "none", "autocomplete": "username", "spellcheck": "false"} | render
    return StringField(
        _l("User name"),
        [required(), Length(max=USERNAME_MAX_LENGTH, message=_l("At most %(max)d characters."))],
        render_kw=render,
    )


def _new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        [required()],
        description=_l("At least 8 characters. A few unrelated words make a good one."),
        render_kw={"autocomplete": "new-password"},
    )


def _current_password(label: Any) -> PasswordField:
    return PasswordField(label, [required()], render_kw={"autocomplete": "current-password"})


class RegisterForm(Form):
    """A new account."""

    username = _username()
    password = _new_password(_l("Password"))


class LoginForm(Form):
    """Sign in to an account."""

    username = _username()
    password = _current_password(_l("Password"))
    remember = BooleanField(_l("Keep me signed in"))


class ChangePasswordForm(Form):
    """A new password, with the current one."""

    current_password = _current_password(_l("Current password"))
    new_password = _new_password(_l("New password"))
    revoke_tokens = BooleanField(_l("Also revoke all tokens"))


class DeleteAccountForm(Form):
    """Delete an account, with the password."""

    password = _current_password(_l("Confirm your password"))


class ScopesField(SelectMultipleField):
    """A checkbox for each scope.

    Browsers send nothing for unchecked boxes. So the page also sends an empty value, which distinguishes "no
    scopes" from a form without the field, which means the default ones.
    """

    option_widget = CheckboxInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the submitted values."""
        self.data = [value for value in valuelist if value] if valuelist else list(in_order(USUAL))


class TokenForm(Form):
    """A token for a program."""

    name = StringField(
        _l("Token name"),
        [required(), Length(max=TOKEN_NAME_MAX_LENGTH, message=_l("At most %(max)d characters."))],
        render_kw={"autocomplete": "off", "placeholder": _l("Backup script on the laptop")},
    )
    expires_in_days = IntegerField(
        _l("Days until it expires"),
        [
            Optional(),
            NumberRange(1, TOKEN_MAX_DAYS, message=_l("A number from %(min)d to %(max)d.")),
        ],
        description=_l("Leave empty for a token that does not expire."),
        render_kw={"inputmode": "numeric", "min": 1, "max": TOKEN_MAX_DAYS},
    )
    scopes = ScopesField(
        _l("Permissions"),
        [Length(min=1, message=_l("Select at least one."))],
        default=list(in_order(USUAL)),
    )
    folder = StringField(
        _l("Folder"),
        description=_l("The token can only access this folder. Leave empty for all your files."),
        render_kw={
            "autocapitalize": "none",
            "autocomplete": "off",
            "placeholder": _l("Documents/Reports"),
            "spellcheck": "false",
        },
    )


class LanguageForm(Form):
    """The language of the pages."""

    language = StringField(_l("Language"), [AnyOf(NAMES)])
