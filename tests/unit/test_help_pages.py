"""The documents: each is in the menu, every link in them leads somewhere, and what is generated is up to date."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cabinet.config import SETTINGS
from cabinet.help.documents import GROUPS, INDEX, find
from cabinet.help.rendering import render
from tests.support.documents import HELP, README, ROOT
from tests.support.help_pages import COMMANDS_PAGE, SETTINGS_PAGE, commands_page, settings_page
from tests.support.rooms import ROOMS

PAGES = sorted(HELP.glob("*.md"))
# For users, who may not read English.
TRANSLATED = {"index", "install", "quick-start", "browser", "drive", "filecli", "nextcloud"}


def by_name(path: Path) -> str:
    return path.name


def tokens_of(path: Path) -> list[Token]:
    """Return all tokens of a document, read with everything that Markdown has."""
    flat = []
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        flat += [token, *(token.children or ())]
    return flat


def anchors_of(path: Path) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]*)"', render(path.read_text(encoding="utf-8")).to_html("")))


def links_of(path: Path) -> list[str]:
    return [str(token.attrGet("href")) for token in tokens_of(path) if token.type == "link_open"]


def test_the_menu_has_every_document_once() -> None:
    listed = [name for _, names in GROUPS for name in names]

    assert len(listed) == len(set(listed))
    assert {*listed, INDEX} == {path.name.partition(".")[0] for path in PAGES}


def test_the_page_on_testing_says_what_every_fixture_is_for() -> None:
    page = (HELP / "testing.md").read_text(encoding="utf-8").partition("| fixture | ")[2].partition("##")[0]
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    told = {(name, folder) for row in rows for folder, names in [in_folder(row)] for name in names}
    there = {
        (fixture, "" if path.parent.name == "tests" else path.parent.name)
        for path in [ROOT / "tests/conftest.py", *ROOT.glob("tests/*/conftest.py")]
        for fixture in fixtures_of(path)
    }

    assert told <= there
    # Those of a browser change with what pages can do.
    assert {each for each in there if each[1] != "browser"} <= told


def in_folder(row: str) -> tuple[str, list[str]]:
    """Return the folder that a row of the table names, and the fixtures that it is about."""
    fixtures, _, folder = row.partition(" in ")
    return folder.strip("`/"), re.findall(r"`(\w+)`", fixtures)


def fixtures_of(path: Path) -> list[str]:
    """Return the names of the fixtures that a test may ask for by name."""
    found = re.findall(
        r"^@pytest\.fixture.*?^def (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [name for name in found if not name.startswith("_")]


@pytest.mark.parametrize("path", sorted(HELP.glob(f"{INDEX}*.md")), ids=by_name)
def test_the_index_links_to_every_document(path: Path) -> None:
    led = {re.split(r"[.#]", link)[0] for link in links_of(path)}

    assert led >= {name for _, names in GROUPS for name in names}


def test_user_documents_are_translated() -> None:
    assert {name for name in TRANSLATED if find(name, "ru").language == "ru"} == TRANSLATED
    assert {path.name.partition(".")[0] for path in HELP.glob("*.ru.md")} == TRANSLATED


@pytest.mark.parametrize("path", [*PAGES, README, ROOT / "SECURITY.md"], ids=by_name)
def test_every_link_has_an_existing_document_and_heading(path: Path) -> None:
    for link in links_of(path):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.is_file(), link
        assert path.parent != HELP or target.parent == HELP, f"{link} leads out of what is served"
        assert not anchor or unquote(anchor) in anchors_of(target), link


@pytest.mark.parametrize("path", [path for path in PAGES if path.name.count(".") == 2], ids=by_name)
def test_a_translation_links_to_translations(path: Path) -> None:
    language = path.name.split(".")[1]
    for link in links_of(path):
        name = link.partition(".")[0]
        if (HELP / f"{name}.{language}.md").is_file():
            assert link.startswith(f"{name}.{language}.md"), link


@pytest.mark.parametrize("path", PAGES, ids=by_name)
def test_a_document_has_one_title_and_no_html(path: Path) -> None:
    tokens = tokens_of(path)

    assert [token.type for token in tokens if token.type.startswith("html")] == []
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 1
    assert tokens[0].tag == "h1"
    assert "style=" not in render(path.read_text(encoding="utf-8")).to_html("")


def test_html_in_text_is_escaped() -> None:
    shown = render("# A\n\n<b> <script>alert(1)</script>\n\n[link](javascript:alert(1))\n").to_html("/help")

    assert "<script" not in shown
    assert "<b>" not in shown
    assert "href" not in shown


def test_a_document_without_a_title_is_refused() -> None:
    with pytest.raises(ValueError, match="title"):
        render("Only text.\n")


def test_equal_headings_get_unique_anchors() -> None:
    page = render("# A\n\n## Same, `name`\n\n## Same, name\n")

    assert [part.anchor for part in page.parts] == ["same-name", "same-name-1"]


def test_a_link_to_a_file_becomes_a_link_to_its_page() -> None:
    shown = render("# A\n\n[a](install.ru.md#from-a-wheel) [b](#here) [c](https://tus.io/x.md)").to_html(
        "/base/help"
    )

    assert re.findall('href="([^"]*)"', shown) == [
        "/base/help/install#from-a-wheel",
        "#here",
        "https://tus.io/x.md",
    ]


def test_the_settings_page_is_up_to_date() -> None:
    assert SETTINGS_PAGE.read_text(encoding="utf-8") == settings_page()
    assert all(f"| `{setting.name}` |" in settings_page() for setting in SETTINGS)


def test_the_filecli_page_is_up_to_date() -> None:
    assert COMMANDS_PAGE.read_text(encoding="utf-8") == commands_page()
    assert "\n## filecli versions restore\n" in commands_page()


def test_the_scripts_page_lists_all_folders_in_order() -> None:
    text = (HELP / "scripts.md").read_text(encoding="utf-8")

    assert f"\n{' '.join(ROOMS)}\n" in text
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(ROOMS)


def test_the_threat_model_names_existing_tests() -> None:
    named = re.findall(r"`(tests/[^`]*)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))

    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
