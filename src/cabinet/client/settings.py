"""The settings of a run: from the flags, then from the environment.

Rule: a flag overrides the environment; a secret is never a flag. Only this module reads `os.environ`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from cabinet.client.failures import BadServerAddress, BadUsage
from cabinet.client.proxies import Proxy, choose_proxy, is_loopback

DEFAULT_SERVER = "http://127.0.0.1:5000"

# Retries after the first attempt: with the delays of `wire/retry.py` about four seconds in all, enough
# for a server restart, and short enough for an interactive user.
DEFAULT_RETRIES = 4

_PORTS = {"http": 80, "https": 443}


# The environment variables that are read here and by the modules that find folders, for `--help`.
ENVIRONMENT = {
    "FILECLI_SERVER": f"The server; --server overrides it. Default: {DEFAULT_SERVER}.",
    "FILECLI_TOKEN": "The token to use in place of the stored one.",
    "XDG_CONFIG_HOME": "The folder of filecli/tokens.json, in place of those below.",
    "http_proxy, https_proxy, all_proxy, no_proxy": "The proxies, with the rules of curl; --proxy overrides them.",
}


@dataclass(slots=True)
class Flags:
    """The values of the shared options."""

    server: str | None = None
    retries: int = DEFAULT_RETRIES
    ca_cert: str | None = None
    insecure: bool = False
    proxy: str | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a server: its origin, and its path prefix ("" or "/cabinet").

    `is_confidential` is True if the connection is encrypted or stays on this machine. With `link_token` it is
    the address of a link, below which a server has the API of an account. Whoever knows the token has the link,
    so it is never shown.
    """

    origin: str
    prefix: str = ""
    is_confidential: bool = True
    link_token: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.origin + self.prefix + ("/s/…" if self.link_token else "")

    @property
    def base(self) -> str:
        """The path that every path of the API is below."""
        return self.prefix + (f"/s/{self.link_token}" if self.link_token else "")


def choose_server(flag: str | None) -> Server:
    """Return the server of the flag, else of FILECLI_SERVER, else the default one."""
    return to_server(flag or os.environ.get("FILECLI_SERVER") or DEFAULT_SERVER)


def server_proxy(flag: str | None, server: Server) -> Proxy | None:
    """Return the proxy for `server`, None for none; raises `BadProxyAddress`."""
    parts = urlsplit(server.origin)
    port = parts.port or _PORTS[parts.scheme]
    return choose_proxy(flag, os.environ, parts.scheme, parts.hostname or "", port)


def environment_token() -> str | None:
    """Return the token of FILECLI_TOKEN, which overrides the stored one; None if it is not set."""
    token = os.environ.get("FILECLI_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise BadUsage(reason="FILECLI_TOKEN has an invalid character.")
    return token or None


def to_server(address: str) -> Server:
    """Parse and normalize a server address; raises `BadServerAddress`."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise BadServerAddress(server=address, reason=str(error)) from error
    reason = _find_problem(address, parts)
    if reason:
        # Don't print an address that contains a password.
        shown = "…" if parts.username is not None else address
        raise BadServerAddress(server=shown, reason=reason)
    host = parts.hostname or ""
    shown_host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return Server(
        origin=f"{parts.scheme}://{shown_host}{suffix}",
        prefix=parts.path.rstrip("/"),
        # A connection that stays on this machine needs no encryption.
        is_confidential=parts.scheme == "https" or is_loopback(host),
    )


def _find_problem(address: str, parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        return "it does not start with http:// or https://"
    if not parts.hostname:
        return "it has no host"
    if parts.username is not None:
        return "it must not contain a user name or password"
    if parts.query or parts.fragment:
        return "it must not have a query or fragment"
    if not address.isprintable() or " " in address:
        return "it has an invalid character"
    return ""
