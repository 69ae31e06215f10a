"""PROPFIND of a folder with very many members: sent while it is made, in bounded memory."""

from __future__ import annotations

from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.bench.processes import family, forget_peaks, peak_resident, resident
from tests.support.many_files import multiply_file
from tests.support.people import Person
from tests.support.servers import Server

MIB = 1 << 20
LAST = "яяя added meanwhile"


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_long_list_is_sent_while_it_is_made(production_server: Server, count: int) -> None:
    person = Person(production_server)
    person.store("many/file", b"content")
    multiply_file(production_server.database_url, person.username, "many", "file", count)
    pids = family(production_server.pid)
    assert person.send("PROPFIND", "/dav/many/", headers={"Depth": "0"}).status == 207
    forget_peaks(pids)
    before = resident(pids)
    where = urlsplit(production_server.url)
    assert where.hostname
    connection = HTTPConnection(where.hostname, where.port)
    connection.request("PROPFIND", "/dav/many/", headers={**person.headers, "Depth": "1"})

    answer = connection.getresponse()
    body = answer.read(1 << 16)
    # More than what the connection holds is not made yet.
    person.store(f"many/{LAST}", b"")
    while part := answer.read(1 << 20):
        body += part
    connection.close()

    assert answer.status == 207
    assert body.count(b"<d:response>") == count + 3
    assert b"<d:displayname>" + LAST.encode() in body
    assert peak_resident(pids) - before < 16 * MIB
