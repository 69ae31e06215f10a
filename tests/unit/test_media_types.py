"""The media type by content, for names without a known suffix: a hint that makes nothing active."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy.orm import Session

from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import OCTETS
from cabinet.services.uploads.media_types import HEAD_SIZE, hint_of
from tests.support.services import Workbench

PASSIVE = {
    "image/tiff", "image/heic", "image/heif", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "audio/wav", "audio/flac", "audio/mpeg",
    "audio/mp4", "audio/ogg", "video/ogg", "video/webm", "video/mp4", "video/quicktime", "application/pdf",
    "application/zip", "text/plain", None,
}  # fmt: skip


def image(kind: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (2, 2)).save(written, kind)
    return written.getvalue()


def archive() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        opened.writestr("a", "a")
    return written.getvalue()


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (image("PNG"), "image/png"),
        (image("JPEG"), "image/jpeg"),
        (image("GIF"), "image/gif"),
        (image("WEBP"), "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (b"%PDF-1.7\n", "application/pdf"),
        (archive(), "application/zip"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "video/mp4"),
        (b"\0\0\0\x20ftypM4A \0\0\x02\0", "audio/mp4"),
        (image("TIFF"), "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"\0\0\0\x20ftypheic\0\0\x02\0", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", "image/heif"),
        (b"\xff\xff\xff\xffftypmif1", "image/heif"),
        (b"\0\0\0\x20ftypcrx \0\0\x02\0", None),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", None),
        (b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis", "audio/ogg"),
        (b"OggS\0\x02" + bytes(20) + b"\x01*\x80theora", "video/ogg"),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xfb\xf0\x64", None),
        (b"\xff\xfb\x9c\x64", None),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"XXXX\x24\0\0\0WAVEfmt \0", None),
        ("Привет\r\n\tмир".encode(), "text/plain"),
        (b"\xef\xbb\xbfwith a mark", "text/plain"),
        (b"<!doctype html><script>alert(1)</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "text/plain"),
        (b"#!/bin/sh\n", "text/plain"),
        (("я" * HEAD_SIZE).encode()[1:], None),
        (("x" + "я" * HEAD_SIZE).encode()[:HEAD_SIZE], "text/plain"),
        (b"cut in a letter \xd1", None),
        (b"a\0b", None),
        (b"\x1b[31m", None),
        (b"", None),
        (b"MZ\x90\0", None),
    ],
)
def test_the_first_bytes_determine_the_type(head: bytes, media_type: str | None) -> None:
    assert hint_of(head[:HEAD_SIZE]) == media_type


@given(st.binary(max_size=64) | st.text().map(str.encode))
def test_no_content_becomes_active(head: bytes) -> None:
    assert hint_of(head) in PASSIVE


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("picture", image("PNG"), "image/png"),
        ("picture.unknown", image("PNG"), "image/png"),
        ("picture.html", image("PNG"), "text/html"),
        ("page.jpg", b"<html>", "image/jpeg"),
        ("page", b"<html>", "text/plain"),
        ("noise", b"\0\1\2", OCTETS),
        ("empty", b"", OCTETS),
    ],
)
def test_the_name_takes_precedence(
    session: Session, bench: Workbench, alice: Account, name: str, content: bytes, media_type: str
) -> None:
    assert bench.upload(session, alice, name, content).entry.media_type == media_type


def test_the_hint_follows_the_content(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "name", b"text")

    assert bench.upload(session, alice, "name", image("GIF")).entry.media_type == "image/gif"
