"""Any sequence of one user's tus requests, compared with a dict.

The model holds what the user should see; application and store are real. They are compared after every step,
and at the end nothing unneeded may be stored.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from werkzeug.test import TestResponse

from cabinet import create_app
from cabinet.extensions import db
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.web.services import housekeeping, inspection
from tests.support.auth import AuthActions
from tests.support.backends import LocalBackend
from tests.support.contents import content_of
from tests.support.database_under_test import with_database
from tests.support.servers import FAST
from tests.support.templates import COMPILED_TEMPLATES
from tests.support.tus import CONTENT_TYPE, checksum, metadata

CONTENT = content_of(3 * BLOCK_SIZE)
QUOTA = 4 * BLOCK_SIZE

# Around nothing, odd sizes, and both sides of a block's border.
LENGTHS = st.sampled_from([0, 1, 1000, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE])
PIECES = st.sampled_from([0, 1, 999, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE])
CHECKSUMS = st.sampled_from(["none", "right", "wrong"])
NAMES = st.sampled_from(["a", "b"])

USERS = itertools.count()


@dataclass(eq=False)
class Model:
    """What an upload should be; `content` has come so far."""

    address: str
    length: int | None
    is_partial: bool
    name: str
    content: bytes = b""
    state: str = "open"  # then "finished", "gone" or "joined"

    @property
    def is_complete(self) -> bool:
        return self.length == len(self.content)


class TusMachine(RuleBasedStateMachine):
    """One user with a quota, whose content is always the beginning of the same noise."""

    uploads: Bundle[Model] = Bundle("uploads")

    app: ClassVar[Flask]

    def __init__(self) -> None:
        super().__init__()
        self.place = LocalBackend(Path(self.app.instance_path))
        self.files: dict[str, bytes] = {}
        self.stored = 0
        self.models: list[Model] = []

    def teardown(self) -> None:
        for model in self.models:
            if model.state in {"open", "joined"}:
                self.cancel(model)
        self.sweep()
        assert self.place.staged() == []
        if self.models:
            assert self.usage() == self.stored

    @initialize()
    def register(self) -> None:
        self.client = self.app.test_client(use_cookies=False)
        username = f"user{next(USERS)}"
        auth = AuthActions(self.client)
        auth.register(username)
        self.headers = {**auth.token(username=username), "Tus-Resumable": "1.0.0"}

    def usage(self) -> int:
        usage: int = self.client.get("/me", headers=self.headers).get_json()["usage"]
        return usage

    def expected_usage(self) -> int:
        return self.stored + sum(len(model.content) for model in self.models if model.state == "open")

    def send(self, method: str, address: str, headers: dict[str, str], body: bytes = b"") -> TestResponse:
        # Werkzeug's client would say nothing of the length of nothing.
        return self.client.open(
            address, method=method, data=body, headers={**self.headers, **headers},
            environ_overrides={"CONTENT_LENGTH": str(len(body))},
        )  # fmt: skip

    def keep(self, model: Model) -> None:
        """Note that an upload which is no partial has become a file, or a new version of one."""
        model.state = "finished"
        if self.files.get(model.name) != model.content:
            self.stored += len(model.content)
            self.files[model.name] = model.content

    @rule(target=uploads, length=st.none() | LENGTHS, is_partial=st.booleans(), name=NAMES)
    def create(self, length: int | None, is_partial: bool, name: str) -> Model | MultipleResults[Model]:
        headers = {"Upload-Metadata": metadata(filename=name)}
        headers.update({"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)})
        headers.update({"Upload-Concat": "partial"} if is_partial else {})
        answer = self.send("POST", "/uploads", headers)
        if length and self.expected_usage() + length > QUOTA:
            assert answer.status_code == 507
            return multiple()
        assert answer.status_code == 201, answer.text
        model = Model(answer.headers["Location"], length, is_partial, name)
        self.models.append(model)
        if length == 0 and not is_partial:
            assert answer.headers["X-Content-Hash"] == hash_chunks([])
            self.keep(model)
        return model

    @rule(model=uploads, size=PIECES, kind=CHECKSUMS, off_by=st.sampled_from([0, 0, 0, 0, -1, 1]))
    def patch(self, model: Model, size: int, kind: str, off_by: int) -> None:
        offset = len(model.content)
        if model.length is not None and size > model.length - offset and size % 2:
            size = model.length - offset  # so that many are finished
        self.send_part(model, offset + off_by, CONTENT[offset : offset + size], kind)

    @rule(model=uploads, size=PIECES)
    def patch_with_the_length(self, model: Model, size: int) -> None:
        if model.length is not None or model.state != "open":
            return
        offset = len(model.content)
        self.send_part(model, offset, CONTENT[offset : offset + size], "none", tell_length=True)

    def send_part(
        self, model: Model, offset: int, piece: bytes, kind: str, *, tell_length: bool = False
    ) -> None:
        if offset < 0:
            return
        digests = {"none": {}, "right": checksum(piece, "sha256"), "wrong": checksum(piece + b"!")}
        headers = {"Upload-Offset": str(offset), "Content-Type": CONTENT_TYPE, **digests[kind]}
        if tell_length:
            headers["Upload-Length"] = str(offset + len(piece))
        answer = self.send("PATCH", model.address, headers, piece)
        expected = self.refusal_of_part(model, offset, piece, kind)
        assert answer.status_code == (expected or 204), (answer.status_code, answer.text, model)
        if expected == 507 and kind == "none":
            # An unchecksummed part keeps what arrived: as much as the quota has room for, or less.
            self.take_over(model)
        elif expected is None and model.state == "open":
            model.content += piece
            assert answer.headers["Upload-Offset"] == str(len(model.content))
            if tell_length:
                model.length = len(model.content)
            if model.is_complete and not model.is_partial:
                assert answer.headers["X-Content-Hash"] == hash_chunks([model.content])
                self.keep(model)

    def take_over(self, model: Model) -> None:
        looked = self.send("HEAD", model.address, {})
        offset = int(looked.headers["Upload-Offset"])
        assert len(model.content) <= offset <= len(model.content) + QUOTA - self.expected_usage()
        model.content = CONTENT[:offset]
        if "Upload-Length" in looked.headers:
            model.length = int(looked.headers["Upload-Length"])

    def refusal_of_part(self, model: Model, offset: int, piece: bytes, kind: str) -> int | None:
        """Return the expected status of such a part, None if it is accepted."""
        if model.state in {"gone", "joined"}:
            return 410
        if offset != len(model.content):
            return 409
        if model.length is not None and len(model.content) + len(piece) > model.length:
            return 413
        if model.state == "open" and self.expected_usage() + len(piece) > QUOTA:
            return 507
        if kind == "wrong":
            return 460
        return None

    @rule(model=uploads)
    def look(self, model: Model) -> None:
        answer = self.send("HEAD", model.address, {})
        if model.state in {"gone", "joined"}:
            assert answer.status_code in {404, 410}
            assert "Upload-Offset" not in answer.headers
            return
        assert answer.status_code == 200
        assert answer.headers["Upload-Offset"] == str(len(model.content))
        assert answer.headers.get("Upload-Length") == (None if model.length is None else str(model.length))
        assert ("X-Content-Hash" in answer.headers) == (model.state == "finished")

    @rule(model=consumes(uploads))
    def cancel(self, model: Model) -> None:
        answer = self.send("DELETE", model.address, {})
        assert answer.status_code == (410 if model.state in {"gone", "joined"} else 204)
        model.state = "gone"

    @rule(models=st.lists(uploads, min_size=1, max_size=3), name=NAMES)
    def join(self, models: list[Model], name: str) -> None:
        named = " ".join(model.address for model in models)
        headers = {"Upload-Concat": f"final;{named}", "Upload-Metadata": metadata(filename=name)}
        answer = self.send("POST", "/uploads", headers)
        if not all(model.is_partial and model.is_complete and model.state == "open" for model in models):
            assert answer.status_code == 400, answer.text
            return
        content = b"".join(model.content for model in models)
        doubled = len(content) - sum(len(model.content) for model in set(models))
        if self.expected_usage() + doubled > QUOTA:
            assert answer.status_code == 507, answer.text
            return
        assert answer.status_code == 201, answer.text
        assert answer.headers["X-Content-Hash"] == hash_chunks([content])
        final = Model(answer.headers["Location"], len(content), is_partial=False, name=name, content=content)
        self.keep(final)
        for model in models:
            model.state = "joined"

    @rule()
    def sweep(self) -> None:
        with self.app.app_context():
            housekeeping().sweep()

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def download(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        with self.client.get(f"/files/{name}", headers=self.headers) as answer:
            assert hash_chunks([answer.data]) == hash_chunks([self.files[name]])

    @invariant()
    def listing_matches_the_model(self) -> None:
        if not hasattr(self, "headers"):
            return
        listed = self.client.get("/files", headers=self.headers).get_json()["entries"]
        expected = {name: hash_chunks([content]) for name, content in self.files.items()}
        assert {entry["name"]: entry["content_hash"] for entry in listed} == expected
        unfinished = self.client.get("/uploads", headers=self.headers).get_json()["uploads"]
        told = {each["url"]: (each["offset"], each["length"], each["is_partial"]) for each in unfinished}
        assert told == {
            model.address: (len(model.content), model.length, model.is_partial)
            for model in self.models
            if model.state == "open"
        }
        assert self.usage() == self.expected_usage()


@pytest.mark.database
@pytest.mark.timeout(900)
class TestTus(TusMachine.TestCase):  # type: ignore[misc, valid-type]
    """One application for all tries, each of which has a user of its own."""

    settings = settings(max_examples=10, stateful_step_count=20)

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
        cls.addClassCleanup(folder.cleanup)
        settled = {"INSTANCE": Path(folder.name) / "instance", "TESTING": True, "USER_QUOTA": QUOTA}
        app = create_app(with_database({**settled, **FAST, "SWEEP_GRACE_SECONDS": 0}))
        app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
        TusMachine.app = app

    @classmethod
    def tearDownClass(cls) -> None:
        with TusMachine.app.app_context():
            try:
                assert list(inspection().verify(deep=True)) == []
            finally:
                db.session.remove()
                db.engine.dispose()
