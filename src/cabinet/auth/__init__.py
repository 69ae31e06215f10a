"""The blueprint for accounts: register, sign in and out, the account page, tokens.

Rule: an HTTP interface of `services.accounts`, without rules of its own.
"""

from __future__ import annotations

from cabinet.auth import account_views as account_views
from cabinet.auth import register_views as register_views
from cabinet.auth import sign_in_views as sign_in_views
from cabinet.auth import token_views as token_views
from cabinet.auth.blueprint import bp as bp
