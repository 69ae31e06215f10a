"""https: verification of certificates."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, USERNAME
from tests.support.programs import require_program

LINES = f"{USERNAME}\n{PASSWORD}\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a self-signed certificate for 127.0.0.1."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *[
                require_program("openssl"),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ],
            *["-noenc", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
            *["-keyout", str(key), "-out", str(certificate)],
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


@pytest.fixture
def https(app: Flask, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the real application over https, and point filecli to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("FILECLI_SERVER", f"https://127.0.0.1:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.usefixtures("https")
def test_an_untrusted_certificate_gets_no_password(filecli: Filecli) -> None:
    done = filecli("register", given=LINES)

    assert done.exit_code == 8
    assert done.stderr.startswith("filecli: error: No trusted connection to https://127.0.0.1:")
    assert "self-signed certificate" in done.stderr
    assert "Hint: Set the certificate authority to trust with --ca-cert FILE." in done.stderr


@pytest.mark.usefixtures("https")
def test_ca_cert_makes_a_certificate_trusted(filecli: Filecli, certificate: Path, workdir: Path) -> None:
    (workdir / "file").write_bytes(b"content")
    trusting = ["--ca-cert", str(certificate)]

    assert filecli(*trusting, "register", given=LINES).exit_code == 0
    assert filecli(*trusting, "login", given=LINES).exit_code == 0
    assert filecli(*trusting, "upload", "file").exit_code == 0
    done = filecli("download", "-o", "-", "file", *trusting)
    assert (done.exit_code, done.stdout) == (0, "content")


@pytest.mark.usefixtures("https")
def test_insecure_skips_verification_with_a_warning(filecli: Filecli) -> None:
    done = filecli("register", "--insecure", given=LINES)

    assert done.exit_code == 0
    assert done.stderr.count("filecli: warning: --insecure: the certificate of https://127.0.0.1:") == 1


def test_a_closed_tls_connection_is_connection_lost(
    filecli: Filecli, certificate: Path, workdir: Path
) -> None:
    (workdir / "large").write_bytes(bytes(32 << 20))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def cut(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        with context.wrap_socket(accepted, server_side=True) as wrapped:
            wrapped.recv(1024)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=cut, args=(listener,))
        thread.start()
        server = f"https://127.0.0.1:{listener.getsockname()[1]}"
        options = ["--server", server, "--ca-cert", str(certificate), "--retries", "0"]
        done = filecli("upload", *options, "large", env={"FILECLI_TOKEN": "secret"})
        thread.join()

    assert done.exit_code == 8
    assert done.stderr.startswith(f"filecli: error: The connection to {server} was lost: ")


@pytest.mark.usefixtures("https")
def test_an_empty_ca_file_is_an_error(filecli: Filecli, workdir: Path) -> None:
    (workdir / "empty.pem").touch()
    done = filecli("--ca-cert", "empty.pem", "register", given=LINES)

    assert done.exit_code == 8
    assert done.stderr.startswith("filecli: error: No trusted connection to https://127.0.0.1:")
