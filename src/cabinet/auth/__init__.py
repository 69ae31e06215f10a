"""The face of accounts: register, sign in and out, the account page, tokens.

Rule: one face of `services.accounts`; it decides nothing itself.
"""

from __future__ import annotations

from cabinet.auth import account_views as account_views
from cabinet.auth import register_views as register_views
from cabinet.auth import sign_in_views as sign_in_views
from cabinet.auth import token_views as token_views
from cabinet.auth.blueprint import bp as bp
