"""The limit of this machine: a server that receives a PUT and writes it, and nothing else.

    python limit_server.py PORT FOLDER

Rule: one connection at a time, no hash, no sync, no second thread.
"""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

_BUFFER = 1 << 20
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def serve(port: int, folder: Path) -> None:
    """Answer PUTs until the process is ended."""
    buffer = memoryview(bytearray(_BUFFER))
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                receive(connection, folder, buffer)


def receive(connection: socket.socket, folder: Path, buffer: memoryview) -> None:
    """Write the body of one PUT to a file of its name."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    name = head.split()[1].decode().rpartition("/")[2]
    length = _LENGTH.search(head)
    left = int(length[1]) if length else 0
    if b"100-continue" in head.lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    with (folder / name).open("wb", buffering=0) as file:
        left -= file.write(body)
        while left and (count := connection.recv_into(buffer)):
            left -= file.write(buffer[:count])
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
