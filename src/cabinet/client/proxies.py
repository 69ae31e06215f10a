"""Choose the proxy from --proxy and the environment, by the rules of curl.

Rule: the password of a proxy is never displayed.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from cabinet.client.local_failures import BadProxyAddress

# The default ports of curl.
_PORTS = {"http": 1080, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy address without its user name and password, which are in `authorization`."""

    address: str
    authorization: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.address


def choose_proxy(
    flag: str | None, environment: Mapping[str, str], scheme: str, host: str, port: int
) -> Proxy | None:
    """Return the proxy for a server: that of the flag ("" for none), else that of the environment.

    `http_proxy` is read in lower case only, because CGI sets HTTP_PROXY from a `Proxy` header. The
    environment is ignored for a server on this machine. Raises `BadProxyAddress`.
    """
    if flag is not None:
        return to_proxy(flag, "--proxy") if flag else None
    if is_loopback(host) or _is_exempt(host, port, _first(environment, "no_proxy", "NO_PROXY")[1]):
        return None
    upper = ("HTTPS_PROXY",) if scheme == "https" else ()
    name, address = _first(environment, f"{scheme}_proxy", *upper, "all_proxy", "ALL_PROXY")
    return to_proxy(address, name) if address else None


def to_proxy(address: str, origin: str) -> Proxy:
    """Parse the address of a proxy given by `origin`; the default scheme is http."""
    full = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError as error:
        raise BadProxyAddress(origin=origin, reason=_plain(error)) from error
    reason = _find_problem(full, parts)
    if reason:
        raise BadProxyAddress(origin=origin, reason=reason)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    authorization = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return Proxy(f"{parts.scheme}://{shown}:{_PORTS[parts.scheme] if port is None else port}", authorization)


def is_loopback(host: str) -> bool:
    """Return whether `host` is a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(error: ValueError) -> str:
    """Return why an address is invalid, without repeating any part of it."""
    return "its port is invalid" if "ort" in str(error) else "it is invalid"


def _find_problem(address: str, parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        return "only http:// and https:// proxies are supported"
    if not parts.hostname:
        return "it has no host"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "only a host and a port are allowed"
    if not address.isprintable() or " " in address:
        return "it has an invalid character"
    return ""


def _first(environment: Mapping[str, str], *names: str) -> tuple[str, str]:
    """Return the name and value of the first variable that is not empty."""
    return next(
        ((name, environment[name].strip()) for name in names if environment.get(name, "").strip()), ("", "")
    )


def _is_exempt(host: str, port: int, exempt: str) -> bool:
    """Return whether `exempt`, a list of names, addresses and networks, contains `host`.

    A name includes its subdomains, with or without a leading dot; `*` matches all hosts.
    """
    host = host.rstrip(".").lower()
    for text in re.split(r"[\s,]+", exempt.lower()):
        name, number = _without_port(text)
        if number in (None, port) and _matches(name.strip("."), host):
            return True
    return False


def _without_port(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*):([0-9]{1,5})", text)
    name, number = (found[1], int(found[2])) if found else (text, None)
    return name.strip("[]"), number


def _matches(name: str, host: str) -> bool:
    if name == "*":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
