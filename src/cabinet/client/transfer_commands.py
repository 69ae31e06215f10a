"""The commands that move bytes: upload, download.

Rule: what is done with one file stands in `transfer.py`; here it is decided which files, and
under which names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from cabinet.client.failures import BadUsage, LocalExists, LocalIsFolder, UnsafeName
from cabinet.client.local import Body, FileBody, StreamBody, local_errors
from cabinet.client.options import command
from cabinet.client.output import Meter, neutralise, to_event
from cabinet.client.paths import is_safe_name, to_local, to_path, to_remote
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.trees import check_place, choose_target, holds_content, is_stream, iter_files, make_folder

if TYPE_CHECKING:
    from cabinet.client.api import Entry

STDIO = "-"


@command("upload")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--to", metavar="DIR", default="", help="Store below DIR, which is made if need be.")
@click.option("-r", "--recursive", is_flag=True, help="Upload folders with all that is in them.")
@click.option(
    "--on-conflict",
    type=click.Choice(["replace", "rename", "fail"]),
    default="replace",
    show_default=True,
    help="What to do where a file has the name already; replaced content is kept as a version.",
)
def upload(session: Session, paths: tuple[str, ...], to: str, recursive: bool, on_conflict: str) -> None:
    """Upload files and print the paths that they got.

    PATH `-` uploads standard input; then --to is the path of the file itself.
    """
    tally = Tally(session.output)
    with session.output.meter() as meter:
        uploads = Uploads(session, tally, meter, on_conflict)
        if STDIO in paths:
            uploads.send_stdin(paths, to)
        else:
            uploads.send_all(paths, to_path(to), recursive=recursive)
    tally.sum_up("Uploaded")
    tally.leave()


@command("download")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-o", "--output", metavar="FILE|DIR|-", help="Where to; - is standard output.")
@click.option("-r", "--recursive", is_flag=True, help="Download folders with all that is in them.")
@click.option("--force", is_flag=True, help="Replace local files without asking.")
def download(
    session: Session, names: tuple[str, ...], output: str | None, recursive: bool, force: bool
) -> None:
    """Download files and print the paths that they got.

    An interrupted download leaves NAME.part; the same command goes on from there. In a folder,
    files that are here already with the same content are left alone.
    """
    if output not in (None, STDIO) and len(names) > 1 and not (output.endswith("/") or Path(output).is_dir()):
        raise BadUsage(reason=f"Several files cannot all be called “{output}”.")
    if output == STDIO and (recursive or session.output.as_json):
        raise BadUsage(reason="Standard output takes the content of files and nothing else.")
    tally = Tally(session.output)
    with session.output.meter() as meter:
        downloads = Downloads(session, tally, meter, force=force)
        for name in names:
            with tally.attempt(name):
                downloads.fetch(to_path(name), output, recursive=recursive)
    tally.sum_up("Downloaded")
    tally.leave()


class Uploads:
    """The uploads of one command."""

    def __init__(self, session: Session, tally: Tally, meter: Meter, on_conflict: str) -> None:
        self._api = session.api
        self._output = session.output
        self._tally = tally
        self._meter = meter
        self._on_conflict = on_conflict

    def send_all(self, paths: Sequence[str], folder: str, *, recursive: bool) -> None:
        """Upload every one of `paths` into `folder`."""
        planned: list[tuple[Path, Path]] = []
        for text in paths:
            with self._tally.attempt(text):
                planned += [(path, Path(text)) for path in self._files(Path(text), recursive=recursive)]
        for path, root in planned:
            with self._tally.attempt(str(path)):
                self._send(FileBody(path), to_remote(folder, path, root))

    def send_stdin(self, paths: Sequence[str], to: str) -> None:
        """Upload standard input as the file `to`."""
        if len(paths) > 1:
            raise BadUsage(reason="Standard input cannot be uploaded together with files.")
        if not to_path(to) or to.endswith("/"):
            raise BadUsage(reason="Standard input has no name; --to has to give the path of the file.")
        self._send(StreamBody(sys.stdin.buffer, STDIO), to_path(to))

    def _files(self, path: Path, *, recursive: bool) -> list[Path]:
        """Return the files that `path` stands for, once all of them are announced to the meter."""
        if path.is_dir() and not recursive:
            raise LocalIsFolder(path=str(path))
        files = list(iter_files(path, self._skip)) if path.is_dir() else [path]
        for file in files:
            with local_errors(file):
                self._meter.expect(file.stat().st_size)
        return files

    def _send(self, body: Body, path: str) -> None:
        from cabinet.client import transfer

        entry: Entry = transfer.upload(self._api, body, path, self._on_conflict, self._meter)
        self._tally.done(entry.size)
        self._output.document(to_event("uploaded", local=body.label, entry=entry.document))
        self._output.result(entry.path)

    def _skip(self, path: Path) -> None:
        self._output.warn(f"“{path}” is a link or no regular file and was left out.")


class Downloads:
    """The downloads of one command."""

    def __init__(self, session: Session, tally: Tally, meter: Meter, *, force: bool) -> None:
        self._api = session.api
        self._output = session.output
        self._tally = tally
        self._meter = meter
        self._force = force

    def fetch(self, path: str, output: str | None, *, recursive: bool) -> None:
        """Download `path`, a file or with `recursive` also a folder, to where `output` says."""
        if output == STDIO:
            self._fetch_to_stream(path, sys.stdout.buffer, STDIO)
            return
        name = path.rpartition("/")[2]
        if name and not is_safe_name(name):
            raise UnsafeName(name=name)
        target = choose_target(output, name)
        if recursive and self._is_folder(path):
            self._fetch_folder(path, target)
        else:
            self._fetch_file(path, target)

    def _is_folder(self, path: str) -> bool:
        return not path or self._api.is_folder(path)

    def _fetch_folder(self, folder: str, target: Path) -> None:
        make_folder(target)
        for entry in self._api.iter_entries(folder, recursive=True):
            with self._tally.attempt(entry.path):
                local = to_local(target, folder, entry.path)
                make_folder(local if entry.is_folder else local.parent)
                if not entry.is_folder:
                    self._fetch_entry(entry, local)

    def _fetch_entry(self, entry: Entry, target: Path) -> None:
        """Download a file of a folder, unless it came down before the command was interrupted."""
        if holds_content(target, entry.size, entry.content_hash):
            self._tally.unchanged()
            self._output.document(to_event("unchanged", path=entry.path, local=str(target)))
            return
        self._meter.expect(entry.size)
        self._fetch_file(entry.path, target)

    def _fetch_file(self, path: str, target: Path) -> None:
        from cabinet.client import sinks, transfer

        if is_stream(target):
            with local_errors(target), target.open("wb") as stream:
                self._fetch_to_stream(path, stream, str(target))
            return
        check_place(target)
        replace = self._may_replace(target)
        with sinks.open_part(target, replace=replace, adopt=self._force) as part:
            size = transfer.download_to_part(self._api, path, part, self._meter)
        self._report(path, str(target), size)
        self._output.result(str(target))

    def _fetch_to_stream(self, path: str, stream: BinaryIO, label: str) -> None:
        from cabinet.client import sinks, transfer

        size = transfer.download_to_stream(self._api, path, sinks.StreamSink(stream, path), self._meter)
        self._report(path, label, size)

    def _report(self, path: str, local: str, size: int) -> None:
        self._tally.done(size)
        self._output.document(to_event("downloaded", path=path, local=local, size=size))

    def _may_replace(self, target: Path) -> bool:
        """Tell whether `target`, if it is there, shall be replaced; raises `LocalExists` if not."""
        if self._force or not os.path.lexists(target):
            return self._force
        self._meter.pause()
        is_attended = sys.stdin.isatty() and sys.stderr.isatty()
        question = f"“{neutralise(str(target))}” exists. Replace it?"
        if is_attended and click.confirm(question, err=True):
            return True
        raise LocalExists(path=str(target))
