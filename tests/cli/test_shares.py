"""Links of one's own: share, shares, unshare."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from cabinet.client.failures import BadUsage
from cabinet.client.quantities import to_bytes, to_expiry
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, json_answer

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def owner(alice: Filecli) -> Filecli:
    """Run filecli as a user with some files."""
    for path in ("docs/a", "docs/deep/b", "report"):
        assert alice("upload", "-", "--to", path, given=path).exit_code == 0
    return alice


def made_by(owner: Filecli, *args: str, given: str = "") -> dict[str, Any]:
    done = owner("share", "--json", *args, given=given)
    assert done.exit_code == 0, done.stderr
    event: dict[str, Any] = json.loads(done.stdout)
    assert event["event"] == "shared"
    share: dict[str, Any] = event["share"]
    return share


def test_share_prints_the_address_and_nothing_else(owner: Filecli, server_url: str) -> None:
    done = owner("share", "docs")

    assert done.exit_code == 0
    assert done.stderr == ""
    (address,) = done.stdout.splitlines()
    assert address.startswith(f"{server_url}/s/")
    assert owner("download", address, "copy").exit_code == 0


def test_options_become_what_the_link_gives(owner: Filecli) -> None:
    share = made_by(
        owner, "docs", "--write", "--expires", "2d", "--max-downloads", "5", "--max-size", "2M",
        "--max-files", "3", "--name", "Photos", "--note", "For you", "--password-stdin", given="secret\n",
    )  # fmt: skip

    assert share["rights"] == ["read", "list", "write"]
    assert (share["max_downloads"], share["max_size"], share["max_files"]) == (5, 2_000_000, 3)
    assert (share["name"], share["note"], share["has_password"]) == ("Photos", "For you", True)
    left = datetime.fromisoformat(share["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=1) < left <= timedelta(days=2)


@pytest.mark.parametrize(
    ("options", "rights"),
    [
        ([], ["read", "list"]),
        (["--names-only"], ["list"]),
        (["--write"], ["read", "list", "write"]),
        (["--write", "--delete"], ["read", "list", "write", "delete"]),
        (["--request"], ["write"]),
    ],
)
def test_rights_are_chosen_by_options(owner: Filecli, options: list[str], rights: list[str]) -> None:
    share = made_by(owner, "docs", *options)

    assert share["rights"] == rights
    assert share["kind"] == ("request" if rights == ["write"] else "link")


def test_several_paths_are_one_selection(owner: Filecli) -> None:
    assert made_by(owner, "docs/a", "report", "--expires", "never")["paths"] == ["docs/a", "report"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["none"], 4),
        (["/"], 5),
        (["../x"], 2),
        (["docs", "--write", "--request"], 2),
        (["docs", "--expires", "soon"], 2),
        (["docs", "--expires", "2020-01-01"], 2),
        (["docs", "--max-size", "big"], 2),
        (["docs", "--max-downloads", "0"], 2),
        (["report", "--write"], 2),
    ],
)
def test_what_cannot_be_shared_makes_no_link(owner: Filecli, args: list[str], code: int) -> None:
    done = owner("share", *args)

    assert (done.exit_code, done.stdout) == (code, "")
    assert owner("shares").stderr == "Nothing is shared.\n"


def test_a_qr_code_goes_to_standard_error(owner: Filecli) -> None:
    done = owner("share", "docs", "--qr")

    assert len(done.stdout.splitlines()) == 1
    lines = done.stderr.splitlines()
    assert len(lines) > 12
    assert set("".join(lines)) <= set(" █▀▄")
    assert len({len(line) for line in lines}) == 1


def test_shares_lists_state_expiry_and_counts(owner: Filecli) -> None:
    owner("share", "docs", "--expires", "never", "--max-downloads", "5")
    address = owner("share", "report").stdout.strip()
    assert owner("download", address, "copy").exit_code == 0

    rows = owner("shares").stdout.splitlines()
    head, newest, oldest = (row.split() for row in rows)
    assert head == ["ID", "STATE", "EXPIRES", "OPENED", "DOWNLOADS", "UPLOADS", "PATH"]
    assert (newest[1], newest[-4:]) == ("active", ["1", "1", "0", "report"])
    assert oldest[1:] == ["active", "never", "0", "0/5", "0", "docs"]
    assert owner("shares", "docs").stdout.splitlines() == [rows[0], rows[2]]
    listed = json.loads(owner("shares", "--json", "report").stdout)
    assert (listed["path"], [each["url"] for each in listed["shares"]]) == ("report", [address])
    assert owner("shares", "none").exit_code == 4


def test_unshare_takes_ids_addresses_and_paths(owner: Filecli) -> None:
    by_id, by_url = made_by(owner, "report"), made_by(owner, "docs/a")
    made_by(owner, "docs", "report")
    made_by(owner, "docs")

    assert owner("unshare", by_id["id"], by_url["url"]).exit_code == 0
    assert len(owner("shares").stdout.splitlines()) == 3
    done = owner("unshare", "--json", "docs")
    assert done.exit_code == 0
    assert [json.loads(line)["paths"] for line in done.stdout.splitlines()] == [["docs"], ["docs", "report"]]
    assert owner("shares").stderr == "Nothing is shared.\n"
    assert owner("ls").stdout == "docs/\nreport\n"


def test_unshare_says_what_it_did_not_find(owner: Filecli, server_url: str) -> None:
    share = made_by(owner, "docs")
    other = f"{server_url}/s/{'x' * 22}"

    done = owner("unshare", "docs", "report", other)
    assert done.exit_code == 1
    assert f"Ended the link {share['id']} to “docs”." in done.stderr
    assert done.stderr.count("error:") == 2
    assert owner("unshare", "report").exit_code == 4
    assert owner("unshare", "http://x/y").exit_code == 2


def test_a_link_to_something_in_the_trash_is_found_by_its_path(owner: Filecli) -> None:
    made_by(owner, "docs")
    assert owner("rm", "-r", "docs").exit_code == 0

    assert owner("shares").stdout.splitlines()[1].split()[1] == "suspended"
    assert owner("unshare", "docs").exit_code == 0


def test_sharing_that_the_operator_forbids_is_not_allowed(owner: Filecli, app: Flask) -> None:
    app.config["SHARING"] = "off"

    done = owner("share", "docs")
    assert done.exit_code == 3
    assert "SHARING" in done.stderr


def test_an_address_that_the_server_cannot_tell_is_no_error(scripted: Filecli, script: Script) -> None:
    share = {"id": "1" * 32, "url": None, "paths": ["a"], "state": "active", "kind": "link"}
    script.will(*(json_answer({"shares": [share], "next": None}) for _ in range(2)), json_answer({}))

    assert scripted("shares").exit_code == 0
    assert scripted("unshare", "1" * 32).exit_code == 0
    assert script.seen[-1].target == f"/shares/{'1' * 32}"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", "2026-01-02T03:34:05Z"),
        ("12h", "2026-01-02T15:04:05Z"),
        ("7d", "2026-01-09T03:04:05Z"),
        (" 2w ", "2026-01-16T03:04:05Z"),
        ("2026-12-31T18:00+02:00", "2026-12-31T16:00:00Z"),
        ("Never", None),
    ],
)
def test_an_expiry_is_a_duration_or_a_moment(text: str, moment: str | None) -> None:
    assert to_expiry(text, NOW) == moment


def test_a_day_lasts_to_its_end() -> None:
    ends = to_expiry("2026-12-31", NOW)
    assert ends is not None
    assert datetime.fromisoformat(ends).astimezone().isoformat()[:19] == "2027-01-01T00:00:00"


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1y", "999999w", "9999-12-31", "2026-13-01", "٣d"])
def test_an_unclear_expiry_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        to_expiry(text, NOW)


@pytest.mark.parametrize(
    ("text", "size"), [("5", 5), ("500k", 500_000), ("1.5GiB", 3 << 29), ("2TB", 2 * 10**12)]
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert to_bytes(text) == size
    assert to_bytes(f"{text} x") is None
