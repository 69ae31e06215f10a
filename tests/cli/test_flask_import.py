"""`flask files import`: names, targets and conflicts of imported files."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import event

from cabinet.commands import _importing
from cabinet.extensions import db
from cabinet.services.uploads.publishing import Stored, Target
from cabinet.services.uploads.uploads import Incoming, Uploads
from tests.support.auth import USERNAME
from tests.support.contents import content_of
from tests.support.operators import Operator


def fill(folder: Path, **contents: str) -> None:
    for name, content in contents.items():
        (folder / name).write_text(content)


@pytest.mark.database
def test_a_folder_is_imported_with_its_name_and_contents(operator: Operator, source: Path) -> None:
    for name in ("Отчёты/Отчёт №5.txt", "😀/日本語/глубоко.txt", "-rf", "{{7*7}}", ".hidden"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (source / "пустая" / "и ещё пустая").mkdir(parents=True)
    told = operator.run("files", "import", USERNAME, source)

    assert told.stdout == "Imported 5 files, 82 bytes.\n"
    assert told.stderr == ""
    assert sorted(operator.paths()) == sorted(
        [
            "source/",
            "source/-rf",
            "source/.hidden",
            "source/{{7*7}}",
            "source/Отчёты/",
            "source/Отчёты/Отчёт №5.txt",
            "source/пустая/",
            "source/пустая/и ещё пустая/",
            "source/😀/",
            "source/😀/日本語/",
            "source/😀/日本語/глубоко.txt",
        ]
    )


@pytest.mark.parametrize("size", [0, 1, 5 << 20])
def test_content_is_imported_completely(operator: Operator, source: Path, size: int) -> None:
    content = content_of(size)
    (source / "file.bin").write_bytes(content)
    operator.run("files", "import", USERNAME, source / "file.bin")
    operator.run("files", "export", USERNAME, source / "back")

    assert (source / "back" / "file.bin").read_bytes() == content


def test_items_are_imported_into_the_given_folder(operator: Operator, source: Path) -> None:
    (source / "folder").mkdir()
    fill(source / "folder", inside="1")
    fill(source, single="2")
    operator.run("files", "import", USERNAME, source / "folder", source / "single", "--to", "/a/b/")

    assert operator.paths() == ["a/", "a/b/", "a/b/folder/", "a/b/folder/inside", "a/b/single"]


def test_importing_dot_imports_only_the_contents(
    operator: Operator, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, inside="1")
    monkeypatch.chdir(source)
    operator.run("files", "import", USERNAME, ".")

    assert operator.paths() == ["inside"]


def test_links_and_special_files_are_skipped_and_reported(operator: Operator, source: Path) -> None:
    (source / "folder").mkdir()
    fill(source / "folder", file="1")
    (source / "to a file").symlink_to(source / "folder" / "file")
    (source / "to a folder").symlink_to(source / "folder")
    (source / "round").symlink_to(source)
    os.mkfifo(source / "pipe")
    told = operator.run("files", "import", USERNAME, source)

    assert told.stdout == "Imported 1 file, 1 byte. 4 skipped.\n"
    assert told.stderr.splitlines() == [
        f"{source}/pipe: not a regular file.",
        f"{source}/round: a link, which is not followed.",
        f"{source}/to a file: a link, which is not followed.",
        f"{source}/to a folder: a link, which is not followed.",
    ]
    assert operator.paths() == ["source/", "source/folder/", "source/folder/file"]


def test_a_missing_path_fails_before_anything_is_stored(operator: Operator, source: Path) -> None:
    fill(source, file="1")
    refused = operator.run("files", "import", USERNAME, source, source / "mistyped", code=2)

    assert "mistyped' does not exist" in refused.stderr
    assert operator.paths() == []


def test_an_unknown_user_is_an_error(operator: Operator, source: Path) -> None:
    refused = operator.run("files", "import", "nobody", source, code=1)

    assert refused.stderr == "Error: There is no user “nobody”.\n"


@pytest.mark.parametrize("to", ["../above", "a//b", "a\\b", "x" * 256])
def test_an_invalid_target_folder_is_refused(operator: Operator, source: Path, to: str) -> None:
    fill(source, file="1")
    refused = operator.run("files", "import", USERNAME, source, "--to", to, code=1)

    assert refused.stderr.startswith("Error: The name “")
    assert operator.paths() == []


def test_invalid_names_are_reported_once_and_the_rest_is_stored(operator: Operator, source: Path) -> None:
    fill(source, good="1")
    (source / "back\\slash").mkdir()
    fill(source / "back\\slash", inside="2")
    (source / "esc\x1b[2J").write_text("3")
    Path(os.fsdecode(bytes(source) + b"/latin-\xe4")).write_text("4")
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stdout == "Imported 1 file, 1 byte. 3 failed.\n"
    assert "esc\\x1b[2J: The name" in told.stderr
    assert "latin-\\udce4: The name" in told.stderr
    assert "\x1b" not in told.stderr
    assert operator.paths() == ["source/", "source/good"]


def test_a_folder_that_is_too_deep_is_reported_once(operator: Operator, source: Path) -> None:
    deep = source.joinpath(*["d"] * 64)
    deep.mkdir(parents=True)
    fill(deep, file="1")
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stdout == "Imported 0 files, 0 bytes. 1 failed.\n"
    assert operator.paths()[-1] == "/".join(["source", *["d"] * 63]) + "/"


def test_the_second_of_two_files_of_one_name_does_not_replace_the_first(
    operator: Operator, source: Path
) -> None:
    for folder in ("a", "b"):
        (source / folder).mkdir()
        fill(source / folder, same=folder)
    told = operator.run("files", "import", USERNAME, source / "a" / "same", source / "b" / "same", code=1)
    operator.run("files", "export", USERNAME, source / "back")

    assert told.stderr == f"{source}/b/same: “same” already exists.\n"
    assert (source / "back" / "same").read_text() == "a"


def test_two_unicode_forms_of_a_name_are_one_file(operator: Operator, source: Path) -> None:
    forms: list[Literal["NFC", "NFD"]] = ["NFC", "NFD"]
    for form in forms:
        (source / unicodedata.normalize(form, "é")).write_text(form)
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stdout == "Imported 1 file, 3 bytes. 1 failed.\n"
    assert operator.paths() == ["source/", "source/é"]


@pytest.mark.parametrize(
    ("policy", "code", "contents"),
    [
        ("replace", 0, {"a": "new", "b": "new"}),
        ("rename", 0, {"a": "old", "a (2)": "new", "b": "new"}),
        ("fail", 1, {"a": "old", "b": "new"}),
    ],
)
def test_import_follows_on_conflict(
    operator: Operator, source: Path, policy: str, code: int, contents: dict[str, str]
) -> None:
    fill(source, a="old")
    operator.run("files", "import", USERNAME, source / "a")
    fill(source, a="new", b="new")
    policy_words = ("--on-conflict", policy)
    operator.run("files", "import", USERNAME, source / "a", source / "b", *policy_words, code=code)
    back = source / "back"
    operator.run("files", "export", USERNAME, back)

    assert {path.name: path.read_text() for path in back.iterdir()} == contents


@pytest.mark.database
def test_an_obstacle_fails_only_its_own_path(operator: Operator, source: Path) -> None:
    (source / "one").mkdir()
    fill(source / "one", x="1", y="2")
    fill(source, two="3")
    operator.run("files", "import", USERNAME, source / "two", "--to", "one/x")
    (source / "folder" / "below").mkdir(parents=True)
    told = operator.run("files", "import", USERNAME, source / "one", source / "folder", code=1)
    blocked = operator.run("files", "import", USERNAME, source / "folder", "--to", "one/x/two", code=1)

    assert told.stderr == f"{source}/one/x: “one/x” is a folder, not a file.\n"
    assert blocked.stderr.splitlines() == [
        f"{source}/folder: “one/x/two” is a file, not a folder.",
        f"{source}/folder/below: “one/x/two” is a file, not a folder.",
    ]
    assert operator.paths() == ["folder/", "folder/below/", "one/", "one/x/", "one/x/two", "one/y"]


@pytest.mark.database
def test_many_small_files_take_few_transactions(operator: Operator, source: Path) -> None:
    count = 3 * _importing.BATCH_FILES
    for number in range(count):
        (source / f"{number}.txt").write_text(str(number))
    commits: list[object] = []
    with operator.app.app_context():
        event.listen(db.engine, "commit", commits.append)
    operator.run("files", "import", USERNAME, source)

    assert len(operator.paths()) == count + 1
    assert 3 <= len(commits) < 12


def test_a_batch_ends_before_it_holds_too_many_bytes(
    operator: Operator, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_importing, "BATCH_BYTES", 10)
    fill(source, a="12345678", b="12345678", c="1", d="123456789012", e="1")
    batches: list[int] = []
    finish = Uploads.commit

    def counted(uploads: Uploads, batch: Sequence[tuple[Incoming, Target]]) -> list[Stored]:
        batches.append(len(batch))
        return finish(uploads, batch)

    monkeypatch.setattr(Uploads, "commit", counted)
    operator.run("files", "import", USERNAME, source)

    assert batches == [1, 2, 1, 1]


def test_import_json_has_an_event_per_file(operator: Operator, source: Path) -> None:
    fill(source, file="1")
    (source / "link").symlink_to("file")
    (source / "back\\slash").write_text("2")
    failed, left_out, done, summary = operator.events("files", "import", USERNAME, source, code=1)

    assert (failed["event"], failed["subject"]) == ("failed", f"{source}/back\\slash")
    assert (left_out["event"], left_out["subject"]) == ("left-out", f"{source}/link")
    assert (done["event"], done["local"]) == ("done", f"{source}/file")
    assert (done["entry"]["path"], done["entry"]["size"]) == ("source/file", 1)
    assert summary == {"event": "summary", "files": 1, "bytes": 1, "left_out": 1, "failed": 1}
