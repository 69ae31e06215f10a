"""What can be wrong with a token, and with the file that keeps it.

    ClientFailure
    ├── TokenRefused
    │   └── EnvironmentTokenRefused
    ├── TokenFileExposed
    │   └── TokenFileForeign
    └── TokenFileBroken
        └── TokenFileUnusable      the system keeps it from being read or written

Rule: as in failures.py; each hint is something that can be done then.
"""

from __future__ import annotations

from cabinet.client.failures import ClientFailure


class TokenRefused(ClientFailure):
    """The server does not know the token: it was revoked, has expired, or was never one."""

    message = "The server %(server)s does not accept the token."
    hint = "Run filecli login."
    server: str


class EnvironmentTokenRefused(TokenRefused):
    """The token that is not accepted is that of FILECLI_TOKEN, which wins over a stored one."""

    message = "The server %(server)s does not accept the token in FILECLI_TOKEN."
    hint = "Set it to another token, or unset it and run filecli login."


class TokenFileExposed(ClientFailure):
    """Others can read the file that holds the tokens."""

    message = "The token file %(path)s can be read by others and is not used."
    hint = "Run chmod 600 on it, or delete it and run filecli login."
    path: str


class TokenFileForeign(TokenFileExposed):
    """The file that holds the tokens is somebody else's, so that its mode is theirs to change."""

    message = "The token file %(path)s belongs to another user and is not used."
    hint = "Set FILECLI_TOKEN, or XDG_CONFIG_HOME to a folder of your own."


class TokenFileBroken(ClientFailure):
    """The file that holds the tokens holds something else."""

    message = "The token file %(path)s cannot be used: %(reason)s."
    hint = "Delete it and run filecli login."
    path: str
    reason: str


class TokenFileUnusable(TokenFileBroken):
    """The system lets nobody read or write the file here, so that it cannot be made anew, either."""

    hint = "Set FILECLI_TOKEN, or XDG_CONFIG_HOME to a folder that you can write to."
