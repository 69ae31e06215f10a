"""Properties that clients store, and times and checksums that they set."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.contents import content_of
from tests.support.dav import OC, D, DavProgram

pytestmark = pytest.mark.database

X = "{http://example.org/}"


def update(*operations: tuple[str, str, str]) -> str:
    """Return the body of a PROPPATCH from operations: set or remove, a name, a value."""
    inside = "".join(
        f"<{operation}><prop><{name}>{value}</{name}></prop></{operation}>"
        for operation, name, value in operations
    )
    return f'<propertyupdate xmlns="DAV:" xmlns:x="http://example.org/" xmlns:z="urn:schemas-microsoft-com:">{inside}</propertyupdate>'


def test_a_property_is_stored_read_and_removed(drive: DavProgram) -> None:
    drive.put("f")
    answer = drive.send("PROPPATCH", "f", update(("set", "x:color", "red &amp; <x:deep/>")))

    assert answer.status_code == 207
    (color,) = [props[f"{X}color"] for props in drive.found("f", f"{X}color").values()]
    assert (color.text, len(color)) == ("red & ", 1)
    drive.send("PROPPATCH", "f", update(("remove", "x:color", "")))
    assert drive.value("f", f"{X}color") is None


def test_properties_move_are_copied_and_stay_when_the_content_changes(drive: DavProgram) -> None:
    drive.mkcol("a")
    drive.put("a/f")
    drive.send("PROPPATCH", "a/f", update(("set", "x:color", "red")))
    drive.put("a/f", b"new content")
    drive.send("COPY", "a", Destination="/dav/b")
    drive.send("MOVE", "a", Destination="/dav/c")

    assert [drive.value(path, f"{X}color") for path in ("b/f", "c/f")] == ["red", "red"]


def test_live_properties_are_protected_and_nothing_else_changes_then(drive: DavProgram) -> None:
    drive.put("f")
    answer = drive.send("PROPPATCH", "f", update(("set", "x:color", "red"), ("set", "getetag", "x")))

    assert "403 Forbidden" in answer.text
    assert "424 Failed Dependency" in answer.text
    assert drive.value("f", f"{X}color") is None


@pytest.mark.parametrize("name", ["getlastmodified", "z:Win32LastModifiedTime"])
def test_the_time_of_the_last_change_is_set(drive: DavProgram, name: str) -> None:
    drive.put("f")
    before = drive.value("", f"{D}getetag")
    drive.send("PROPPATCH", "f", update(("set", name, "Sun, 09 Sep 2001 01:46:40 GMT")))

    assert drive.value("f", f"{D}getlastmodified") == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert drive.value("", f"{D}getetag") != before


def test_a_time_that_is_none_is_refused(drive: DavProgram) -> None:
    drive.put("f")

    assert "409 Conflict" in drive.send("PROPPATCH", "f", update(("set", "getlastmodified", "soon"))).text


def test_locks_and_limits_bind_properties(drive: DavProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cabinet.services.dav.dead_properties.MAX_PROPERTIES", 1)
    drive.put("f")
    two = update(("set", "x:a", "1"), ("set", "x:b", "2"))
    assert drive.send("PROPPATCH", "f", two).status_code == 409
    drive.locked("f")
    assert drive.send("PROPPATCH", "f", update(("set", "x:a", "1"))).status_code == 423


@pytest.mark.parametrize("body", ["", "<x/>", update(), update(("set", "x:" + "n" * 600, "v"))])
def test_a_body_that_changes_nothing_is_refused(drive: DavProgram, body: str) -> None:
    drive.put("f")

    assert drive.send("PROPPATCH", "f", body).status_code == 400


SHA1 = "SHA1:040f06fd774092478d450774f5ba30c5da78acc8"
MD5 = "MD5:9a0364b9e99bb480dd25e1f0284c8555"
SHA256 = "SHA256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"OC_Checksum": SHA1}, f"{MD5} {SHA1}"),
        ({"OC_Checksum": MD5}, f"{MD5} {SHA1}"),
        ({"OC_Checksum": SHA256}, SHA256),
        ({"OC_Checksum": SHA256, "X_OC_Mtime": "1000000000"}, SHA256),
        ({"X_OC_Mtime": "1000000000"}, f"{MD5} {SHA1}"),
    ],
)
def test_checksums_are_computed_where_a_program_compares_them(
    drive: DavProgram, headers: dict[str, str], known: str
) -> None:
    drive.put("f", b"content", **headers)
    found = [
        props[f"{OC}checksums"] for props in drive.found("", f"{OC}checksums", depth="1").values() if props
    ]

    assert [each.findtext(f"{OC}checksum") for each in found] == [known]
    drive.put("f", b"other")
    assert drive.value("f", f"{OC}checksums") is None


def test_checksums_of_a_large_body_are_those_of_the_whole(drive: DavProgram) -> None:
    content = content_of((9 << 20) + 7)
    md5, sha1 = (hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in ("md5", "sha1"))

    drive.put("f", content, OC_Checksum=f"SHA1:{sha1}")

    found = drive.found("f", f"{OC}checksums")["/dav/f"][f"{OC}checksums"]
    assert found.findtext(f"{OC}checksum") == f"MD5:{md5} SHA1:{sha1}"
    assert drive.send("PUT", "g", content, OC_Checksum=f"SHA1:{'0' * 40}").status_code == 400
    assert drive.content("g") is None


def test_all_properties_include_stored_ones(drive: DavProgram) -> None:
    drive.put("f")
    drive.send("PROPPATCH", "f", update(("set", "x:color", "red")))

    ((_href, properties),) = drive.found("f").items()

    assert {f"{X}color", f"{D}getetag"} <= set(properties)
    assert f"{D}quota-used-bytes" not in properties


@pytest.mark.parametrize("step", [500, 2])
def test_every_copy_has_the_properties_in_its_own_transaction(
    drive: DavProgram, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr("cabinet.services.changes.building.STEP", step)
    for folder in ("a", "a/b"):
        drive.mkcol(folder)
    for path in ("a/f", "a/b/g", "a/b/h", "a/b/i"):
        drive.put(path)
    for path in ("a", "a/b", "a/f", "a/b/h"):
        drive.send("PROPPATCH", path, update(("set", "x:color", f"of {path}")))

    # Another face knows nothing of properties, so only what copies can take them along.
    copied = drive.client.post("/copies", json={"from": ["a"], "to": "copy"}, headers=drive.headers)
    assert copied.status_code == 200, copied.text
    assert drive.send("COPY", "a", Destination="/dav/other").status_code == 201

    for copy in ("copy", "other"):
        for path in ("", "/b", "/f", "/b/h"):
            assert drive.value(copy + path, f"{X}color") == f"of a{path}"
        assert drive.value(f"{copy}/b/g", f"{X}color") is None
    drive.send("PROPPATCH", "copy/f", update(("set", "x:color", "its own")))
    assert drive.value("a/f", f"{X}color") == "of a/f"
