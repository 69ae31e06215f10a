"""The blueprint of accounts: register, sign in and out, the account page, tokens.

Rule: one face of `services.accounts`; it decides nothing itself.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)

from cabinet.auth import views as views  # noqa: E402 - the views register themselves on `bp`
