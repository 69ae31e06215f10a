"""Resumable uploads: the tus protocol, version 1.0.0, with all its extensions.

Source: https://tus.io/protocols/resumable-upload

Rule: an HTTP interface of `services.uploads.resumable`, without rules of its own.
"""

from __future__ import annotations

from cabinet.tus import views as views
from cabinet.tus.blueprint import bp as bp
