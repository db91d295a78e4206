"""Release zips as the server writes them: readable by others, the same every time, in flat memory."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.darwin.archive import ReleaseArchive
from groundtruth.entrypoints.server.darwin.zips import CHUNK, part, zip_chunks

MOMENT = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)

Members = list[tuple[str, bytes]]

MEMBERS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_characters="\0/\\", codec="utf-8"), min_size=1, max_size=40).map(
            lambda name: f"{name}.json"
        ),
        st.binary(max_size=200) | st.integers(0, 40_000).map(lambda size: random.Random(size).randbytes(9) * size),
    ),
    max_size=12,
    unique_by=lambda member: member[0],
)


def written(members: Members) -> bytes:
    return b"".join(zip_chunks(members, MOMENT))


def tiny(count: int):
    return ((f"018f0000-0000-7000-8000-{number:012d}.json", b"{}") for number in range(count))


@settings(max_examples=100, deadline=None)
@given(MEMBERS)
def test_others_read_what_was_written(tmp_path_factory: pytest.TempPathFactory, members: Members) -> None:
    data = written(members)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == members
        assert {info.date_time for info in archive.infolist()} <= {(2026, 1, 2, 3, 4, 6)}
        assert {info.external_attr >> 16 for info in archive.infolist()} <= {0o100644}
    path = tmp_path_factory.getbasetemp() / "written.zip"
    path.write_bytes(data)
    with ReleaseArchive(path, "the archive") as archive:
        assert [(document.name, document.data) for document in archive.documents()] == members


@pytest.mark.skipif(shutil.which("unzip") is None, reason="Info-ZIP is not installed")
@pytest.mark.parametrize("count", [1, 300, 70_000])
def test_unzip_finds_no_fault(tmp_path: Path, count: int) -> None:
    path = tmp_path / "release.zip"
    path.write_bytes(b"".join(zip_chunks(tiny(count), MOMENT)))
    tested = subprocess.run(["unzip", "-tq", path], capture_output=True, text=True, check=False)
    assert (tested.returncode, tested.stderr) == (0, ""), tested.stdout
    assert "No errors detected" in tested.stdout


def test_more_members_than_an_ordinary_zip_can_have(tmp_path: Path) -> None:
    path = tmp_path / "release.zip"
    path.write_bytes(b"".join(zip_chunks(tiny(70_000), MOMENT)))
    with ReleaseArchive(path, "the archive") as archive:
        assert sum(1 for _ in archive.documents()) == 70_000
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == 70_000


def test_members_beyond_4_gib(tmp_path: Path) -> None:
    members = [("a.json", b"{}" * 100), ("b.json", b"[]")]
    path = tmp_path / "release.zip"
    with path.open("wb") as file:
        file.seek(5 << 30)  # a hole, which takes no room
        file.writelines(zip_chunks(members, MOMENT, offset=5 << 30))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].header_offset == 5 << 30
    with ReleaseArchive(path, "the archive") as archive:
        assert [(document.name, document.data) for document in archive.documents()] == members


def test_what_does_not_shrink_is_stored() -> None:
    data = random.Random(1).randbytes(5000)
    with zipfile.ZipFile(io.BytesIO(written([("a.json", data), ("b.json", bytes(5000))]))) as archive:
        assert [info.compress_type for info in archive.infolist()] == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


@pytest.mark.parametrize("year", [1970, 2200])
def test_moments_that_a_zip_cannot_tell(year: int) -> None:
    data = b"".join(zip_chunks([("a.json", b"")], MOMENT.replace(year=year)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.infolist()[0].date_time[0] == (1980 if year < 1980 else 2107)


@settings(max_examples=100, deadline=None)
@given(MEMBERS, st.data())
def test_any_part_is_that_part_of_the_same_bytes(members: Members, data: st.DataObject) -> None:
    whole = written(members)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    assert b"".join(part(zip_chunks(members, MOMENT), range(start, stop))) == whole[start:stop]


def test_a_part_ends_the_making_of_the_rest() -> None:
    made = []

    def members():
        for number in range(100):
            made.append(number)
            yield f"{number}.json", random.Random(number).randbytes(CHUNK)

    assert len(b"".join(part(zip_chunks(members(), MOMENT), range(10, 20)))) == 10
    assert len(made) < 4


def test_memory_is_flat_however_many_members() -> None:
    tracemalloc.start()
    try:
        assert sum(map(len, zip_chunks(tiny(2_000), MOMENT))) > 100_000
        few = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert sum(map(len, zip_chunks(tiny(20_000), MOMENT))) > 1_000_000
        assert tracemalloc.get_traced_memory()[1] < few + (4 << 20) < 8 << 20
    finally:
        tracemalloc.stop()
