"""The face of resumable uploads: the tus protocol, version 1.0.0, with all its extensions.

Source: https://tus.io/protocols/resumable-upload

Rule: one more face of `services.uploads.resumable`; it decides nothing itself.
"""

from __future__ import annotations

from cabinet.tus import views as views
from cabinet.tus.blueprint import bp as bp
