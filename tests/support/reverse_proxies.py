"""nginx and Caddy in front of a server, configured as on the help page.

Rule: the configuration is that of the page; only addresses, ports, certificates and folders are from the test. A
proxy runs as the user of the test and changes nothing on the machine.
"""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.support.documents import block, help_page
from tests.support.listening import HOST, free_port, listening
from tests.support.programs import require_program
from tests.support.raw_http import RawConnection, raw_connection
from tests.support.waiting import PATIENCE

# The names that the page has for things of the reader's.
DOMAIN = "files.example.org"
PREFIX = "/cabinet"
_UPSTREAM = "127.0.0.1:5000"

# A line of a configuration, and in its comment what takes its place below a sub-path.
_LINE = re.compile(r"^( *)\S.*?# sub-path: (.*)$", re.MULTILINE)

_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
access_log off;
client_body_temp_path {spool}/body;
proxy_temp_path {spool}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{servers}
}}
"""
ANY_BODY = "client_max_body_size 0;"

# Other settings for nginx on the page, and which lines they replace.
PAGE = help_page("reverse-proxy")
_BELOW_A_SUB_PATH = "location /cabinet/files"
_AT_THE_ROOT = re.compile(r"^    location ~ .*?^    }\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy that speaks HTTPS for `DOMAIN`, with Cabinet below `prefix`."""

    port: int
    prefix: str
    certificate: Path
    pid: int
    spool: Path

    @property
    def host(self) -> str:
        """What a client calls it."""
        return f"{DOMAIN}:{self.port}"

    @property
    def origin(self) -> str:
        """Its scheme, host and port."""
        return f"https://{self.host}"

    def spooled(self) -> list[str]:
        """Return the files to which it spools bodies, including unlinked ones."""
        opened = []
        for path in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it has just been closed
                opened.append(str(path.readlink()))
        return [file for file in opened if file.startswith(str(self.spool))]

    def request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send one request to `path` below the prefix; `options` are urllib3's."""
        return self.follow(method, self.prefix + path, **options)

    def follow(self, method: str, target: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send a request to an address that an answer gave, absolute or without scheme and host.

        Caddy 2.6, on a busy machine and once in hundreds, cuts off the answer to a request whose body it has
        not seen the end of yet ("aborting with incomplete response"): two parts of it read that at once. As
        clients do, this one asks again, once.
        """
        try:
            return self._send(method, target, **options)
        except urllib3.exceptions.ProtocolError as error:
            if "IncompleteRead(0 bytes read" not in str(error):
                raise
            return self._send(method, target, **options)

    def _send(self, method: str, target: str, **options: Any) -> urllib3.BaseHTTPResponse:
        headers = {"Host": self.host, **options.pop("headers", {})}
        with urllib3.HTTPSConnectionPool(
            HOST, self.port, ca_certs=str(self.certificate), server_hostname=DOMAIN,
            assert_hostname=DOMAIN, retries=False, timeout=PATIENCE,
        ) as pool:  # fmt: skip
            path = target.removeprefix(self.origin)
            return pool.request(method, path, headers=headers, redirect=False, **options)

    @contextmanager
    def raw(self) -> Iterator[RawConnection]:
        """Open a bare connection to it, below TLS."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with (
            raw_connection(HOST, self.port) as bare,
            context.wrap_socket(bare.socket, server_hostname=DOMAIN) as wrapped,
        ):
            yield RawConnection(wrapped)


def make_certificate(folder: Path) -> Path:
    """Create a self-signed certificate for `DOMAIN`, and its key beside it."""
    certificate = folder / "certificate.pem"
    subprocess.run(
        [
            require_program("openssl"), "req", "-x509", "-nodes", "-days", "2",
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-keyout", certificate.with_suffix(".key"), "-out", certificate,
            "-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate


@contextmanager
def nginx(
    folder: Path, upstream: int, certificate: Path, prefix: str, bodies: str = ANY_BODY
) -> Iterator[Proxy]:
    """Run Debian's nginx in front of port `upstream`, at the root or below `PREFIX`.

    `bodies` are the words by which it limits them, in place of the page's, which let all
    content pass.
    """
    port, spool = free_port(), folder / "spool"
    shown = _configuration("nginx", upstream, prefix, "server {")
    if prefix:
        below = _put(block(PAGE, "nginx", _BELOW_A_SUB_PATH), _UPSTREAM, f"{HOST}:{upstream}")
        shown, count = _AT_THE_ROOT.subn(below, shown)
        assert count == 1, "the page's configuration has no location of what streams a body in"
    shown = _put(shown, "listen 443 ssl;", f"listen {HOST}:{port} ssl;")
    shown = _put(shown, "/etc/ssl/files.example.org.pem", str(certificate))
    shown = _put(shown, "/etc/ssl/files.example.org.key", str(certificate.with_suffix(".key")))
    shown = _put(shown, ANY_BODY, bodies)
    with _running_nginx(folder, spool, port, shown) as pid:
        yield Proxy(port, prefix, certificate, pid, spool)


@contextmanager
def limited_nginx(folder: Path, upstream: int, limit: str) -> Iterator[str]:
    """Run an nginx with its default settings and a body limit of `limit`; yields its address."""
    port = free_port()
    server = f"""
    server {{
        listen {HOST}:{port};
        client_max_body_size {limit};
        location / {{ proxy_pass http://{HOST}:{upstream}; }}
    }}
    """
    with _running_nginx(folder, folder / "spool", port, server):
        yield f"http://{HOST}:{port}"


@contextmanager
def _running_nginx(folder: Path, spool: Path, port: int, servers: str) -> Iterator[int]:
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or require_program("nginx")
    spool.mkdir()
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, spool=spool, servers=servers), encoding="utf-8")
    with listening(
        [program, "-e", "stderr", "-p", str(folder), "-c", str(settings)], port, folder, {}
    ) as pid:
        yield pid


@contextmanager
def caddy(folder: Path, upstream: int, certificate: Path, prefix: str) -> Iterator[Proxy]:
    """Run Debian's Caddy in front of port `upstream`, at the root or, with `PREFIX`, below it."""
    port = free_port()
    shown = _configuration("caddyfile", upstream, prefix)
    address = f"https://{DOMAIN}:{port} {{\nbind {HOST}\ntls {certificate} {certificate.with_suffix('.key')}"
    shown = _put(shown, f"{DOMAIN} {{", address)
    settings = folder / "Caddyfile"
    shown = _put(shown, "{\n    servers {", "{\nadmin off\nauto_https off\n    servers {")
    settings.write_text(shown, encoding="utf-8")
    # The folder of its certificates, and that of spooled bodies.
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    spool = folder / "spool"
    spool.mkdir()
    command = [require_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(settings)]
    with listening(command, port, folder, {**homes, "TMPDIR": str(spool)}) as pid:
        yield Proxy(port, prefix, certificate, pid, spool)


def _configuration(language: str, upstream: int, prefix: str, containing: str = "") -> str:
    """Return the page's text, for a server at `upstream` and below `prefix` where there is one."""
    text = _put(block(PAGE, language, containing), _UPSTREAM, f"{HOST}:{upstream}")
    if not prefix:
        return text
    text, count = _LINE.subn(r"\1\2", text)
    assert count, f"the page does not say what {language} needs for a sub-path"
    return text


def _put(text: str, old: str, new: str) -> str:
    """Replace a text that must be there."""
    assert old in text, f"the page's configuration has no {old!r}"
    return text.replace(old, new)
