"""Ranges, entity tags, content dispositions and digests, as specified.

Rule: pure functions only; HTTP is tested in tests/http.
"""

from __future__ import annotations

import hashlib
import io
import re
from urllib.parse import unquote

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from cabinet.web.ranges import (
    _Window,
    from_digest,
    parse_range,
    precondition_of,
    to_digest,
    to_disposition,
    to_etag,
)

# Range header and what it means for 10 bytes; None is "ignore it", and (10, 10) is 416.
RANGES = {
    "bytes=0-0": (0, 1),
    "bytes=-3": (7, 10),
    "bytes=5-": (5, 10),
    "bytes=9-99": (9, 10),
    "bytes=0-9": (0, 10),
    "bytes=-99": (0, 10),
    "Bytes = 2 - 4": (2, 5),
    "bytes=10-": (10, 10),
    "bytes=10-12": (10, 10),
    "bytes=-0": (10, 10),
    f"bytes={'9' * 5000}-": (10, 10),
    f"bytes=-{'9' * 5000}": (0, 10),
    f"bytes=3-{'9' * 5000}": (3, 10),
    "abc": None,
    "bytes": None,
    "bytes=": None,
    "bytes=-": None,
    "bytes=5-2": None,
    "bytes=--5": None,
    "bytes=a-b": None,
    "bytes=0x0-1": None,
    "items=0-1": None,
    "bytes=0-1,3-4": None,
    "bytes=0-1,": None,
    "": None,
}


@pytest.mark.parametrize(("header", "expected"), RANGES.items(), ids=lambda value: str(value)[:20])
def test_a_range_header_follows_rfc_9110(header: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_any_range_of_an_empty_file_is_the_whole_file(header: str) -> None:
    assert parse_range(header, 0) is None


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_every_range_is_within_the_content(size: int, first: int, last: int) -> None:
    for header in (f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"):
        asked = parse_range(header, size)
        if asked is not None:
            start, stop = asked
            assert 0 <= start <= stop <= size


@given(st.binary(max_size=50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 7))
def test_a_window_reads_exactly_its_bytes(content: bytes, start: int, length: int, size: int) -> None:
    window = _Window(io.BytesIO(content), start, start + length)

    pieces = list(iter(lambda: window.read(size), b""))

    assert b"".join(pieces) == content[start : start + length]


def holds(content_hash: str | None, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return precondition_of(Request(EnvironBuilder(headers=named.items()).get_environ()))(content_hash)


def test_without_a_condition_any_content_is_accepted() -> None:
    assert holds(None)
    assert holds("abc")


def test_if_none_match_star_requires_absence() -> None:
    assert holds(None, If_None_Match="*")
    assert not holds("abc", If_None_Match="*")


def test_if_match_requires_one_of_the_etags() -> None:
    assert holds("abc", If_Match='"xyz", "abc"')
    assert holds("abc", If_Match="*")
    assert not holds("abc", If_Match='"xyz"')
    assert not holds(None, If_Match='"abc"')
    assert not holds(None, If_Match="*")


def test_if_match_compares_strongly_and_if_none_match_weakly() -> None:
    assert not holds("abc", If_Match='W/"abc"')
    assert not holds("abc", If_None_Match='W/"abc"')
    assert holds("abc", If_None_Match='W/"xyz"')


def test_an_etag_is_strong() -> None:
    assert to_etag("abc") == '"abc"'


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_a_content_disposition_is_one_ascii_line_for_any_name(name: str) -> None:
    header = to_disposition(name)

    assert re.fullmatch(
        r"attachment; filename=\"[ !#-\[\]-~]*\"; filename\*=UTF-8''[!#$&+.^_`|~\w%-]*", header
    )
    assert header.isascii()
    assert unquote(header.partition("UTF-8''")[2]) == name


def test_a_name_cannot_escape_its_header_or_quotes() -> None:
    header = to_disposition("a\"b;c'd%.txt\r\nX: y", inline=True)

    assert header == (
        "inline; filename=\"a_b;c'd_.txt__X: y\"; filename*=UTF-8''a%22b%3Bc%27d%25.txt%0D%0AX%3A%20y"
    )


def test_a_digest_round_trips() -> None:
    sha256 = hashlib.sha256(b"hello").hexdigest()

    assert from_digest(to_digest(sha256)) == sha256
    assert from_digest(f"sha-512=:AAAA:, {to_digest(sha256)}") == sha256
    assert from_digest(to_digest(sha256).replace("sha", "SHA")) == sha256


@pytest.mark.parametrize("header", ["", "sha-512=:AAAA:", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"])
def test_a_digest_of_another_algorithm_is_ignored(header: str) -> None:
    assert from_digest(header) is None


@pytest.mark.parametrize(
    "header",
    ["sha-256", "sha-256=", "sha-256=::", "sha-256=:AAAA:", "sha-256=:%%%:", "sha-256=:é:",
     f"sha-256={'A' * 43}="],
)  # fmt: skip
def test_a_malformed_sha256_is_no_digest(header: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_digest(header)
