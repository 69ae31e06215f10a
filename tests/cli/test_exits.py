"""Exit codes and hints of all errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cabinet import errors
from cabinet.client import failures
from cabinet.client.exits import EXIT_CODES, EXIT_MEANINGS, HINTS, describe, exit_code, kind_of
from cabinet.errors import CabinetError


def kinds_below(base: type[CabinetError]) -> Iterator[type[CabinetError]]:
    yield base
    for kind in base.__subclasses__():
        if kind.__module__.startswith("cabinet."):
            yield from kinds_below(kind)


def test_every_error_class_has_an_exit_code() -> None:
    assert set(kinds_below(CabinetError)) == set(EXIT_CODES)


def test_only_the_documented_codes_are_used() -> None:
    assert set(EXIT_CODES.values()) == {1, 2, 3, 4, 5, 6, 7, 8, 130}


def test_every_slug_maps_to_its_error_class() -> None:
    kinds = [kind for kind in kinds_below(CabinetError) if kind.__module__.startswith(errors.__name__)]

    assert [kind_of(kind.slug, 418) for kind in kinds] == kinds


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *[(400, 1), (401, 3), (403, 3), (404, 4), (409, 5), (412, 5), (413, 6), (507, 6)],
        *[(422, 2), (423, 8), (408, 8), (429, 8), (500, 1), (502, 8), (503, 8), (504, 8)],
    ],
)
def test_without_a_known_slug_the_status_decides(status: int, code: int) -> None:
    kind = kind_of("about:blank", status)

    assert exit_code(failures.Refused(kind=kind, detail="", status=status)) == code


def test_a_refusal_has_the_exit_code_of_its_kind() -> None:
    refusal = failures.Refused(kind=errors.QuotaExceeded, detail="Full.", status=507)

    assert exit_code(refusal) == exit_code(errors.QuotaExceeded(needed=2, free=1))


def test_a_description_is_a_sentence_and_a_hint() -> None:
    error = failures.ServerUnreachable(server="http://here", reason="Connection refused")

    assert describe(error) == (
        "The server http://here cannot be reached: Connection refused."
        " Hint: Is it running? Set another server with --server or FILECLI_SERVER."
    )


def test_a_description_without_a_hint_is_only_the_sentence() -> None:
    assert describe(failures.LocalMissing(path="a")) == "There is no “a” on this machine."


def test_a_description_ends_with_a_full_stop_even_if_the_server_forgot_it() -> None:
    refusal = failures.Refused(kind=errors.Forbidden, detail="no way", status=403)

    assert describe(refusal) == "no way."


def test_an_error_without_a_hint_uses_that_of_its_base(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = failures.Refused(kind=errors.QuotaExceeded, detail="Full.", status=507)
    monkeypatch.delitem(HINTS, errors.QuotaExceeded)

    assert describe(refusal).endswith(HINTS[errors.StorageFull])


def test_hints_about_a_full_space_fit_the_error() -> None:
    """Deleted files are in the trash, and still count."""
    refusal = failures.Refused(kind=errors.QuotaExceeded, detail="Full.", status=507)

    assert "filecli trash empty" in describe(refusal)
    assert "filecli versions rm" in describe(refusal)


def test_option_hints_are_given_only_for_local_refusals() -> None:
    folder = errors.IsAFolder(path="a")
    refusal = failures.Refused(kind=errors.IsAFolder, detail="“a” is a folder, not a file.", status=409)

    assert describe(folder).endswith("Hint: Use -r for a folder with its contents.")
    assert describe(refusal) == "“a” is a folder, not a file."


def test_help_lists_every_exit_code() -> None:
    assert {*EXIT_CODES.values(), 0, 1, 2, 130} == EXIT_MEANINGS.keys()
