"""Opening a link to a folder, compared with the same folder in its owner's account: the page and the JSON list.

Rule: both send the same entries; the guest has no account, and the owner no link.
"""

from __future__ import annotations

from dataclasses import replace

from tests.bench.folders import asker
from tests.bench.measures import alternate
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.support.people import Person

COUNT = 200
# The share of the account's time that a link may take.
MOST = 1.3


def links(stage: Stage) -> list[Row]:
    """Compare the page and the list of a link with those of an account."""
    with stage.fresh_cabinet() as server:
        owner = Person(server.server, "owner")
        for number in range(COUNT):
            owner.store(f"folder/{number:03}.txt", b"content")
        made = owner.send("POST", "/shares", json={"paths": ["folder"]})
        assert made.status == 201, made.data
        link = "/s/" + str(made.json()["url"]).rpartition("/s/")[2]
        account, guest = replace(server, headers=owner.headers), replace(server, headers={})
        rows = []
        for name, accepted, own, theirs in (
            ("page", "text/html", "/index?path=folder", link),
            ("list", "application/json", f"/files?path=folder&limit={COUNT}", f"{link}/files?limit={COUNT}"),
        ):
            found = alternate(
                {
                    "account": asker(stage, account, own, accepted),
                    "link": asker(stage, guest, theirs, accepted),
                },
                stage.rounds,
            )
            rows.append(_row(name, found["link"].median, found["account"].median))
        server.empty()
    return rows


def _row(name: str, link: float, account: float) -> Row:
    return Row(
        f"{name} of a link with {COUNT} files",
        f"{link:.2f} ms",
        f"account: {account:.2f} ms",
        f"{link / account:.2f}",
        f"<= {MOST}",
        link / account <= MOST,
    )
