"""Errors of tokens and of the token file.

    ClientFailure
    ├── TokenRefused
    │   └── EnvironmentTokenRefused
    ├── TokenFileExposed
    │   └── TokenFileForeign
    └── TokenFileBroken
        └── TokenFileUnusable      the file cannot be read or written

Rule: as in failures.py; each hint works in the situation of its error.
"""

from __future__ import annotations

from cabinet.client.failures import ClientFailure


class TokenRefused(ClientFailure):
    """The server rejected the token: it was revoked, has expired or is invalid."""

    message = "The server %(server)s does not accept the token."
    hint = "Run filecli login."
    server: str


class EnvironmentTokenRefused(TokenRefused):
    """The server rejected the token of FILECLI_TOKEN, which overrides the stored one."""

    message = "The server %(server)s does not accept the token in FILECLI_TOKEN."
    hint = "Set it to another token, or unset it and run filecli login."


class TokenFileExposed(ClientFailure):
    """Other users can read the token file."""

    message = "The token file %(path)s is readable by other users and was not used."
    hint = "Run chmod 600 on it, or delete it and run filecli login."
    path: str


class TokenFileForeign(TokenFileExposed):
    """Another user owns the token file, and can change its mode."""

    message = "The token file %(path)s belongs to another user and was not used."
    hint = "Set FILECLI_TOKEN, or XDG_CONFIG_HOME to a folder that you own."


class TokenFileBroken(ClientFailure):
    """The content of the token file is invalid."""

    message = "The token file %(path)s cannot be used: %(reason)s."
    hint = "Delete it and run filecli login."
    path: str
    reason: str


class TokenFileUnusable(TokenFileBroken):
    """The token file cannot be read or written, so that it cannot be replaced either."""

    hint = "Set FILECLI_TOKEN, or XDG_CONFIG_HOME to a folder that you can write to."
