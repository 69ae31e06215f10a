"""The face of the documents: Markdown files beside this module, served at `/help`.

Rule: calls no service; the documents do not depend on the user.
"""

from __future__ import annotations

from cabinet.help import views as views
from cabinet.help.blueprint import bp as bp
