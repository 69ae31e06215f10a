"""Incomplete coverage data does not reach the report."""

from __future__ import annotations

from pathlib import Path

from coverage import CoverageData

from tests.support.partial_coverage import remove_partial_files


def test_only_unfinished_halves_are_removed(tmp_path: Path) -> None:
    whole = CoverageData(basename=str(tmp_path / ".coverage.whole"))
    whole.add_lines({f"module{number}.py": range(100) for number in range(200)})
    whole.write()
    whole.close()
    content = (tmp_path / ".coverage.whole").read_bytes()
    sizes = [0, 1, 100, 4096, len(content) // 2, len(content) - 4096]
    for size in sizes:
        (tmp_path / f".coverage.cut{size}").write_bytes(content[:size])

    assert len(remove_partial_files(tmp_path)) == len(sizes)

    assert [path.name for path in tmp_path.iterdir()] == [".coverage.whole"]
    assert (tmp_path / ".coverage.whole").read_bytes() == content
