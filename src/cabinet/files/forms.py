"""The forms of the files page.

Rule: fields and labels only; the bytes of an upload never pass through here, they stream from
the request into the store.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField
from wtforms.validators import InputRequired

from cabinet.web.forms import Form


class UploadForm(Form):
    """One file or many; only ever rendered, for validating it would read the body."""

    file = MultipleFileField(_l("Choose files"))


class DeleteForm(Form):
    """The file or folder that goes to the trash."""

    path = HiddenField(validators=[InputRequired(_l("Fill in this field."))])
