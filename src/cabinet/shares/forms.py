"""The forms of the pages about sharing.

Rule: fields and labels only; the service knows what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the types are those of 3.2
from wtforms.validators import NumberRange, Optional

from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.shares.values import MOST_FILES, NAME_LENGTH, NOTE_LENGTH
from cabinet.services.tree.link_rights import DROP, VIEW
from cabinet.web.forms import Form, SelectionForm, required
from cabinet.web.texts import ROLES

# What guests may do, by the values of the field; the names of files alone are the least.
RIGHTS: Mapping[str, Rights] = {
    "view": VIEW,
    "upload": VIEW | Rights.WRITE,
    "change": VIEW | Rights.WRITE | Rights.DELETE,
    "names": Rights.LIST,
    "drop": DROP,
}
LABELS = {
    "view": _l("can view and download"),
    "upload": _l("can view and upload"),
    "change": _l("can view, upload and delete"),
    "names": _l("can see names only"),
    "drop": _l("can only upload (file request)"),
}


def word_of(rights: Rights) -> str:
    """Return the value of the field for the rights of a link."""
    return next(word for word, given in RIGHTS.items() if given == rights)


# Choices that need a single folder.
FOR_FOLDERS = {"upload", "change", "drop"}


def choices_of(words: Iterable[str]) -> list[SelectChoice]:
    """Return the choices with these values."""
    return [SelectChoice(word, LABELS[word]) for word in words]


# More than any disk has, and fewer bytes than a column takes.
MOST_GIGABYTES = 1_000_000_000

_COUNT = {"inputmode": "numeric", "min": 1}


class LinkForm(Form):
    """A link and its options; the fields are named as in the API.

    `zone` is the offset of the browser's time zone from UTC in minutes, which a script fills in; without one,
    days are those of UTC.
    """

    rights = SelectField(_l("Anyone with the link"), choices=choices_of(LABELS))
    expires_at = DateField(_l("Expires on"), [Optional()])
    password = PasswordField(
        _l("Password"), render_kw={"autocomplete": "new-password", "spellcheck": "false"}
    )
    max_downloads = IntegerField(_l("Downloads at most"), [Optional(), NumberRange(min=1)], render_kw=_COUNT)
    max_size = DecimalField(
        _l("Uploads at most, in GB"),
        [Optional(), NumberRange(0, MOST_GIGABYTES)],
        render_kw={"inputmode": "decimal", "min": 0, "step": "any"},
    )
    max_files = IntegerField(
        _l("Uploaded files at most"),
        [Optional(), NumberRange(1, MOST_FILES)],
        render_kw=_COUNT | {"max": MOST_FILES},
    )
    name = StringField(
        _l("Name"),
        description=_l("Guests see it in place of the name of the file or folder."),
        render_kw={"autocomplete": "off", "maxlength": NAME_LENGTH},
    )
    note = TextAreaField(_l("Note for guests"), render_kw={"rows": 2, "maxlength": NOTE_LENGTH})
    notify = BooleanField(_l("Notify me when the link is opened"))
    zone = HiddenField("")


class NewLinkForm(LinkForm, SelectionForm):
    """A new link to the selected files and folders."""


class ChangeLinkForm(LinkForm):
    """Another state of a link; an empty password keeps the one that it has."""

    remove_password = BooleanField(_l("Remove the password"))


# In the order in which each role includes those before it.
ROLE_CHOICES = [SelectChoice(role.value, _l(ROLES[role])) for role in ShareRole]
PERSON_CHOICE = SelectChoice("user", _l("Person"))
_NAME_HABITS = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class RoleForm(Form):
    """What a user or a group may do."""

    role = SelectField(_l("Access"), choices=ROLE_CHOICES)


class GrantForm(RoleForm):
    """Access to the entry at `path`; the recipient is named as in the API."""

    path = HiddenField("", [required()])
    kind = SelectField(_l("Person or group"), choices=[PERSON_CHOICE, SelectChoice("group", _l("Group"))])
    to = StringField(_l("Share with (exact name)"), [required()], render_kw=_NAME_HABITS)


class BlockForm(Form):
    """A user from whom nothing is accepted."""

    username = HiddenField("", [required()])
