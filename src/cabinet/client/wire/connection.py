"""HTTP connections to one server: send a request, return a response or raise an error of the domain.

Rule: one pool per origin for all threads; redirects are never followed, so a token cannot reach another
host. A request is retried only if that is safe: nothing was sent, the server said that it did nothing,
or the request is idempotent.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

from cabinet.client.exits import kind_of
from cabinet.client.failures import (
    ConnectionLost,
    LimitInFront,
    Misunderstood,
    Redirected,
    Refused,
    ServerUnreachable,
    TlsFailed,
)
from cabinet.client.link_failures import LinkGone, LinkRedirected
from cabinet.client.local import Body
from cabinet.client.local_failures import ProxyFailed
from cabinet.client.proxies import Proxy
from cabinet.client.settings import Server, environment_token
from cabinet.client.token_failures import EnvironmentTokenRefused, TokenRefused
from cabinet.client.wire.cancellation import Cancellation
from cabinet.client.wire.pools import Tls, is_of_proxy, pool_to
from cabinet.client.wire.retry import Retry
from cabinet.errors import (
    CabinetError,
    NotFound,
    RequestTimeout,
    TooLarge,
    TooManyAttempts,
    TooManyRequests,
    Unavailable,
    UploadLocked,
)
from cabinet.storage.chunks import iter_limited, iter_stream

T = TypeVar("T")

# Seconds. urllib3 applies the connect timeout to sending the body, so uploads get a longer one: a server
# may stop reading while its disk writes back its cache, and it syncs the file before it responds.
TIMEOUT = urllib3.Timeout(connect=10, read=60)
UPLOAD_TIMEOUT = urllib3.Timeout(connect=60, read=600)

# Bytes. A page of 1000 entries with the longest paths is well below it.
LONGEST_ANSWER = 32 << 20

# An empty body, for a request that may take the server as long as an upload.
TAKES_LONG = b""

JSON = {"Content-Type": "application/json"}

# A proxy lost the connection to the server: the request may have been processed.
_NOT_KNOWN = {502, 504}

# The server did not process the request, and may do so later.
_PASSING = (Unavailable, UploadLocked, TooManyAttempts, TooManyRequests, RequestTimeout)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; `target` is percent-encoded and starts with a slash.

    `is_repeatable` is True for an idempotent request.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | bytes | None = None
    is_repeatable: bool = False


class Connection:
    """Sends requests to one server over persistent connections, with the user's token or a link's password."""

    def __init__(
        self,
        server: Server,
        *,
        token: str | None,
        password: str | None = None,
        retry: Retry,
        tls: Tls | None = None,
        proxy: Proxy | None = None,
        cancellation: Cancellation | None = None,
        trace: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.server = server
        self.retry = retry
        self._cancellation = cancellation or Cancellation()
        self._trace = trace
        # A compressed body could not be resumed, or compared with its hash while streamed.
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "filecli"}
        self._has_token = token is not None
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        elif password is not None:
            self._headers["Authorization"] = f"Basic {base64.b64encode(f':{password}'.encode()).decode()}"
        self._proxy = proxy
        self._pool = pool_to(server, tls or Tls(), proxy, self._cancellation)
        # A proxy needs the whole URL, except in a tunnel.
        is_forwarded = proxy is not None and server.origin.startswith("http://")
        self._base = server.origin + server.base if is_forwarded else server.base

    def json(self, request: Request) -> Any:
        """Send `request` and return the JSON of its response, None without content."""
        content = self._with_retries(request, self._read)
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError) as error:
            raise self.misunderstood("it is not JSON") from error

    def open(self, request: Request) -> urllib3.BaseHTTPResponse:
        """Send `request` and return the response with its body unread; the caller closes it.

        Raises `Refused` for a status other than 2xx.
        """
        return self._with_retries(request, self._exchange)

    def once(self, request: Request) -> urllib3.BaseHTTPResponse:
        """Send `request` without retries and return the response with its body unread."""
        return self._exchange(request)

    @contextmanager
    def reading(self, response: urllib3.BaseHTTPResponse) -> Iterator[None]:
        """Close `response` at the end; raises `ConnectionLost` if its body ends too early."""
        try:
            yield
        except (HTTPError, OSError) as error:
            self._cancellation.check()
            raise ConnectionLost(server=str(self.server), reason=_reason(error)) from error
        finally:
            response.close()

    def misunderstood(self, reason: str) -> Misunderstood:
        """Return the error for an invalid response."""
        return Misunderstood(server=str(self.server), reason=reason)

    def _with_retries(self, request: Request, ask: Callable[[Request], T]) -> T:
        attempt = 0
        while True:
            try:
                return ask(request)
            except (ServerUnreachable, ConnectionLost, Refused) as error:
                if not _may_repeat(request, error):
                    raise
                self.retry.wait(attempt, error)
                attempt += 1

    def _read(self, request: Request) -> bytes:
        return self._content(self._exchange(request))

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            with self.reading(response):
                return b"".join(iter_limited(iter_stream(response), LONGEST_ANSWER))
        except TooLarge as error:
            raise self.misunderstood("it is too long") from error

    def _exchange(self, request: Request) -> urllib3.BaseHTTPResponse:
        started = time.monotonic()
        response = self._send(request)
        took = time.monotonic() - started
        self._trace(f"{request.method} {self.server}{request.target} {response.status} {took:.3f} s")
        if 200 <= response.status < 300:
            return response
        if 300 <= response.status < 400:
            response.close()
            raise self._to_redirected(response.headers.get("Location", ""))
        if response.status == 401 and self._sends_token(request):
            response.close()
            raise (EnvironmentTokenRefused if environment_token() else TokenRefused)(server=str(self.server))
        if response.status == 407 and self._proxy is not None:
            response.close()
            raise ProxyFailed(
                server=str(self.server),
                proxy=str(self._proxy),
                reason="it requires another user name or password",
            )
        content = b""
        # A server that refuses an upload early may close the connection after the headers; the status is
        # enough.
        with suppress(ConnectionLost):
            content = self._content(response)
        refusal = _to_refusal(response, content)
        size = _size_of(request)
        if refusal.status == 413 and size and not _is_from_cabinet(response, content):
            raise LimitInFront(server=str(self.server), size=size) from refusal
        if self.server.link_token and refusal.is_kind(NotFound):
            self._check_link(request)
        raise refusal

    def _to_redirected(self, location: str) -> Redirected:
        token = self.server.link_token
        if not token:
            return Redirected(server=str(self.server), location=location)
        return LinkRedirected(server=str(self.server), location=location.replace(token, "…"))

    def _check_link(self, request: Request) -> None:
        """Raise `LinkGone` if it is the link itself that was not found."""
        if not request.target:
            raise LinkGone(server=str(self.server))
        # HEAD does not count as an opening of the link.
        self._exchange(Request("HEAD", "")).close()

    def _sends_token(self, request: Request) -> bool:
        return self._has_token and "Authorization" not in request.headers

    def _send(self, request: Request) -> urllib3.BaseHTTPResponse:
        headers = {**self._headers, **request.headers}
        body: Any = request.body
        if body is not None and not isinstance(body, bytes):
            headers["Content-Length"] = str(body.length)
            body = body.chunks()
        self._cancellation.check()
        try:
            return self._pool.urlopen(
                request.method,
                self._base + request.target,
                body=body,
                headers=headers,
                timeout=TIMEOUT if body is None else UPLOAD_TIMEOUT,
                retries=False,
                redirect=False,
                assert_same_host=False,  # with a proxy, the pool has the host of the proxy
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            self._cancellation.check()
            raise self._to_failure(error) from error

    def _to_failure(self, error: Exception) -> CabinetError:
        """Return the filecli error for a network error; `ServerUnreachable` if nothing was sent."""
        server = str(self.server)
        if self._proxy is not None and is_of_proxy(error):
            return ProxyFailed(server=server, proxy=str(self._proxy), reason=_reason(error))
        if isinstance(error, NewConnectionError | ConnectTimeoutError):
            return ServerUnreachable(server=server, reason=_reason(error))
        if isinstance(error, SSLError):
            # A closed connection is not a failure of trust.
            kind = ConnectionLost if isinstance(_root(error), ssl.SSLEOFError) else TlsFailed
            return kind(server=server, reason=_reason(error))
        return ConnectionLost(server=server, reason=_reason(error))


def to_json(value: Any) -> bytes:
    """Return `value` as the JSON body of a request."""
    try:
        # Not as ASCII: escapes take six bytes per character, and the server limits the size of a body.
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate: the server rejects it
        return json.dumps(value).encode()


def is_passing(error: CabinetError) -> bool:
    """Return whether `error` may be temporary; a retry is not necessarily safe."""
    if isinstance(error, Refused):
        return any(error.is_kind(kind) for kind in _PASSING)
    return isinstance(error, ConnectionLost | ServerUnreachable)


def _may_repeat(request: Request, error: CabinetError) -> bool:
    if isinstance(error, ServerUnreachable):
        # Not after a connect timeout: the user has waited long enough.
        return isinstance(error.__cause__, NewConnectionError) or (
            isinstance(error.__cause__, ProxyError)
            and isinstance(error.__cause__.original_error, NewConnectionError)
        )
    if isinstance(error, Refused):
        if not is_passing(error):
            return False
        return request.is_repeatable or error.status not in _NOT_KNOWN
    return request.is_repeatable


def _to_refusal(response: urllib3.BaseHTTPResponse, content: bytes) -> Refused:
    """Parse a problem document (RFC 9457), or fall back to the status."""
    members = _problem(content)
    kind = kind_of(_type_of(members).rpartition("/")[2], response.status)
    detail = members.get("detail") or members.get("title") or f"{kind.title} ({response.status})."
    return Refused(
        kind=kind,
        detail=str(detail),
        status=response.status,
        retry_after=_seconds(response.headers.get("Retry-After")),
    )


def _is_from_cabinet(response: urllib3.BaseHTTPResponse, content: bytes) -> bool:
    """Return whether a Cabinet server sent the error; without a body, the media type decides."""
    if not content:
        return response.headers.get("Content-Type", "").startswith("application/problem+json")
    return "/problems/" in _type_of(_problem(content))


def _problem(content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except (ValueError, RecursionError):
        problem = None
    return problem if isinstance(problem, dict) else {}


def _type_of(members: Mapping[str, Any]) -> str:
    return unquote(urlsplit(str(members.get("type", ""))).path)


def _size_of(request: Request) -> int:
    if request.body is None:
        return 0
    return len(request.body) if isinstance(request.body, bytes) else request.body.length


def _seconds(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which has seconds or a date."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    """Return the readable part of a urllib3 error, without a full stop."""
    cause = _root(error)
    if isinstance(cause, ssl.SSLError):
        return (getattr(cause, "verify_message", "") or cause.reason or str(cause)).rstrip(".")
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return "it does not respond"
    return (str(cause) or type(cause).__name__).rstrip(".")


def _root(error: BaseException) -> BaseException:
    """Return the innermost cause."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error
