"""The forms of the pages of team spaces.

Rule: a form defines fields and labels; the services validate what is in them.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the types are those of 3.2

from cabinet.config import to_bytes_or_none
from cabinet.errors import N_, InvalidField
from cabinet.services.access.roles import ShareRole
from cabinet.web.forms import Form, required
from cabinet.web.texts import ROLES

BAD_SIZE = N_("it must be a size such as 500 MB or 10 GB.")

_PLAIN: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false"}


class SpaceForm(Form):
    """The name of a team space and its quota."""

    name = StringField(_l("Name"), [required()], render_kw={"autocomplete": "off"})
    quota = StringField(_l("Quota"), render_kw=_PLAIN)


class MemberForm(Form):
    """A user, and their role in a team space."""

    username = StringField(_l("User name"), [required()], render_kw={**_PLAIN, "autocapitalize": "none"})
    role = SelectField(_l("Role"), choices=[SelectChoice(role.value, _l(ROLES[role])) for role in ShareRole])


class EndForm(Form):
    """The name of a team space, typed to confirm that it is deleted."""

    typed = StringField(_l("Name of the space"), [required()], render_kw=_PLAIN)


# A decimal comma, a no-break space, and the letters of Russian units.
_AS_TYPED = str.maketrans(",\xa0кмгтпб", ". kmgtpb")  # noqa: RUF001 - letters of another script


def to_quota(text: str) -> int | None:
    """Return the bytes of a size as people type it, None for an empty text; raises `InvalidField`."""
    typed = text.strip().lower().translate(_AS_TYPED)
    try:
        return to_bytes_or_none(typed)
    except ValueError as error:
        raise InvalidField(field="quota", reason=BAD_SIZE) from error


def quota_text(quota: int | None) -> str:
    """Return a quota as `to_quota` reads it, exactly."""
    if quota is None:
        return ""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if quota and not quota % size:
            return f"{quota // size} {unit}"
    return str(quota)
