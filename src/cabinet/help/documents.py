"""Find the documents: Markdown files in English, those for users also in other languages.

`install.ru.md` is the translation of `install.md`. All files are in one folder, so a link between two of
them works in the repository and below `/help`.

Rule: knows no request. A name is looked up in a table and never becomes a path.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from cabinet.errors import N_, NotFound
from cabinet.help.rendering import Rendered, render
from cabinet.web.i18n import DEFAULT

INDEX = "index"
SUFFIX = ".md"

# Every document but the index, in the order of the menu.
GROUPS = (
    (N_("First steps"), ("install", "quick-start")),
    (N_("Using Cabinet"), ("browser", "drive", "nextcloud", "filecli", "filecli-commands")),
    (N_("Programs"), ("http", "resumable-uploads")),
    (
        N_("Running a server"),
        (
            "settings",
            "administration",
            "production",
            "reverse-proxy",
            "postgresql",
            "backup",
            "upgrade",
            "security",
            "troubleshooting",
        ),
    ),
    (N_("Developing"), ("architecture", "storage-format", "testing", "scripts", "glossary")),
)


@dataclass(frozen=True)
class Document:
    """One document in one language."""

    name: str
    language: str
    text: str

    @cached_property
    def page(self) -> Rendered:
        """The document as HTML."""
        return render(self.text)

    @cached_property
    def tag(self) -> str:
        """The entity tag of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


def _read_all() -> dict[str, Document]:
    """Return all documents by the names of their files."""
    found = {}
    for file in resources.files(__package__).iterdir():
        if file.name.endswith(SUFFIX):
            name, _, language = file.name.removesuffix(SUFFIX).partition(".")
            found[file.name] = Document(name, language or DEFAULT, file.read_text(encoding="utf-8"))
    return found


_FILES = _read_all()
_DOCUMENTS = {(document.name, document.language): document for document in _FILES.values()}


def by_file_name(file_name: str) -> Document:
    """Return the document of a file; raises `NotFound`."""
    if file_name not in _FILES:
        raise NotFound
    return _FILES[file_name]


def find(name: str, language: str) -> Document:
    """Return a document in a language, in English where it has not been translated; raises `NotFound`."""
    found = _DOCUMENTS.get((name, language)) or _DOCUMENTS.get((name, DEFAULT))
    if found is None:
        raise NotFound
    return found


def menu(language: str) -> list[tuple[str, list[Document]]]:
    """Return the documents in a language by group; the caller translates the titles of the groups."""
    return [(title, [find(name, language) for name in names]) for title, names in GROUPS]
