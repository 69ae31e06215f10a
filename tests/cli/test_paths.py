"""Server paths, and that no server name leads out of a local folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cabinet.client.failures import UnsafeName
from cabinet.client.local_names import LocalNames, never_ignores_case, to_local
from cabinet.client.paths import is_safe_name, to_path, to_remote
from cabinet.errors import InvalidName


@pytest.mark.parametrize(
    ("typed", "path"),
    [("a", "a"), ("/a/b/", "a/b"), ("./a", "a"), ("a//b", "a/b"), ("/", ""), (".", ""), ("-rf", "-rf")],
)
def test_path_arguments_are_normalized_like_in_a_shell(typed: str, path: str) -> None:
    assert to_path(typed) == path


@pytest.mark.parametrize("typed", ["..", "../a", "a/../b", "a\udcff"])
def test_invalid_path_arguments_are_refused(typed: str) -> None:
    with pytest.raises(InvalidName):
        to_path(typed)


@pytest.mark.parametrize(
    ("folder", "path", "root", "remote"),
    [
        ("", "report.pdf", "report.pdf", "report.pdf"),
        ("in", "some/where/report.pdf", "some/where/report.pdf", "in/report.pdf"),
        ("in", "a/photos/2020/x.jpg", "a/photos", "in/photos/2020/x.jpg"),
        ("", "x.jpg", ".", "x.jpg"),
        ("in", "../x.jpg", "..", "in/x.jpg"),
        ("", "/x.jpg", "/", "x.jpg"),
    ],
)
def test_a_local_file_keeps_the_last_name_of_its_argument(
    folder: str, path: str, root: str, remote: str
) -> None:
    assert to_remote(folder, Path(path), Path(root)) == remote


@pytest.mark.parametrize(
    "path",
    [
        "docs/../x",
        "docs/..",
        "docs/.",
        "docs/",
        "docs//x",
        "docs/a\\b",
        "docs/a\0b",
        "docs/\ud800",
        "docs",
        "docsx/a",
        "../docs/a",
        "/etc/passwd",
        "",
    ],
)
def test_an_entry_that_would_leave_the_target_is_refused(path: str, workdir: Path) -> None:
    with pytest.raises(UnsafeName):
        to_local(LocalNames(workdir, never_ignores_case), "docs", path)


def test_an_entry_lands_below_the_target(workdir: Path) -> None:
    assert to_local(LocalNames(workdir, never_ignores_case), "docs", "docs/a/😀 b") == workdir / "a" / "😀 b"
    assert to_local(LocalNames(workdir, never_ignores_case), "", "a") == workdir / "a"


def test_a_link_that_leads_out_of_the_target_is_not_followed(workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workdir / "docs").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnsafeName):
        to_local(LocalNames(workdir, never_ignores_case), "", "docs/a")


def test_a_link_inside_the_target_is_followed(workdir: Path) -> None:
    (workdir / "real").mkdir()
    (workdir / "docs").symlink_to("real")

    assert to_local(LocalNames(workdir, never_ignores_case), "", "docs/a") == workdir / "docs" / "a"


@given(st.text(), st.text(alphabet="./\\\0a", max_size=12))
def test_every_server_name_stays_below_the_target(name: str, path: str) -> None:
    target = Path("/target")
    names = LocalNames(target, never_ignores_case)
    for candidate in (name, path):
        try:
            local = to_local(names, "", candidate)
        except UnsafeName:
            continue
        assert ".." not in local.parts
        assert local.is_relative_to(target)
        assert local != target
        assert all(is_safe_name(part) for part in local.relative_to(target).parts)
