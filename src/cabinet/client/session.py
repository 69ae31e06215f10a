"""The state of one run: flags, output, server, and the token or the link.

Rule: nothing is opened, read or imported before a command needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.failures import NotSignedIn
from cabinet.client.link_address import LinkAddress
from cabinet.client.local_names import LocalNames, ignores_case
from cabinet.client.output import Output
from cabinet.client.settings import Flags, Server, choose_server, environment_token, server_proxy
from cabinet.client.wire.cancellation import Cancellation
from cabinet.client.wire.tokens import TokenFile, default_path

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api


class ClientSession:
    """One run of filecli; `case_insensitive` returns whether a local folder ignores case."""

    def __init__(self, case_insensitive: Callable[[Path], bool] = ignores_case) -> None:
        self.flags = Flags()
        self.cancellation = Cancellation()
        self.case_insensitive = case_insensitive

    @cached_property
    def output(self) -> Output:
        """The output, set up by the flags."""
        flags = self.flags
        return Output(
            as_json=flags.as_json, quiet=flags.quiet, verbose=flags.verbose, progress=flags.progress
        )

    @cached_property
    def server(self) -> Server:
        """The server of this run."""
        return choose_server(self.flags.server)

    @cached_property
    def tokens(self) -> TokenFile:
        """The tokens that `filecli login` stored."""
        return TokenFile(default_path())

    @cached_property
    def api(self) -> Api:
        """The API of the server with the user's token; raises `NotSignedIn`."""
        token = environment_token() or self._stored_token()
        if token is None:
            raise NotSignedIn(server=str(self.server))
        return self.open_api(token)

    @cached_property
    def username(self) -> str:
        """The user name of the token; requested from the server only if it is not stored."""
        stored = None if environment_token() else self.tokens.get(str(self.server))
        return str(self.api.who_am_i()["username"]) if stored is None else stored.username

    def names_in(self, folder: Path) -> LocalNames:
        """Return the names below a local folder, which may be missing."""
        return LocalNames(folder, self.case_insensitive)

    def open_api(self, token: str | None) -> Api:
        """Return the API of the server with `token`, or without one."""
        self._warn_insecure()
        return self._open_api(self.flags.retries, self.output.note, self.output.detail, token=token)

    def open_silent_api(self) -> Api | None:
        """Return an API that neither retries nor prints; None without a token."""
        token = environment_token() or self._stored_token()
        return None if token is None else self._open_api(0, lambda _: None, lambda _: None, token=token)

    def _open_api(
        self,
        retries: int,
        report: Callable[[str], None],
        trace: Callable[[str], None],
        *,
        token: str | None = None,
        password: str | None = None,
    ) -> Api:
        # urllib3 takes 60 ms to import, as much as everything else.
        from cabinet.client.wire.api import Api
        from cabinet.client.wire.connection import Connection
        from cabinet.client.wire.pools import Tls
        from cabinet.client.wire.retry import Retry

        connection = Connection(
            self.server,
            token=token,
            password=password,
            retry=Retry(retries, report, sleep=self.cancellation.wait),
            tls=Tls(self.flags.ca_cert, self.flags.insecure),
            proxy=server_proxy(self.flags.proxy, self.server),
            cancellation=self.cancellation,
            trace=trace,
        )
        return Api(connection)

    def _warn_insecure(self) -> None:
        if self.flags.insecure:
            self.output.warn(f"--insecure: the certificate of {self.server} is not verified.")

    def _stored_token(self) -> str | None:
        stored = self.tokens.get(str(self.server))
        return None if stored is None else stored.token


class LinkSession(ClientSession):
    """A run of filecli through a link, in the place of an account: no token is read or sent."""

    def __init__(self, session: ClientSession, address: LinkAddress, password: str | None) -> None:
        super().__init__(session.case_insensitive)
        self.flags = session.flags
        self.cancellation = session.cancellation
        self._session = session
        self._address = address
        self._password = password

    @cached_property
    def output(self) -> Output:
        """The output of the run."""
        return self._session.output

    @cached_property
    def server(self) -> Server:
        """The address of the link."""
        return self._address.server

    @cached_property
    def api(self) -> Api:
        """The API below the link."""
        self._warn_insecure()
        return self._open_api(
            self.flags.retries, self.output.note, self.output.detail, password=self._password
        )

    @cached_property
    def username(self) -> str:
        """The name of whoever uploads: a guest has none, so it is that of the link."""
        return self._address.key
