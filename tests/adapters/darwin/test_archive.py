"""Release zips as others write them, whole, damaged and hostile."""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.darwin.archive import ArchiveLimits, ReleaseArchive
from groundtruth.domain.errors import IntegrityError
from groundtruth.entrypoints.server.darwin.zips import zip_chunks
from support.zips import Unseekable, archive_of, entry, local, packed

LIMITS = ArchiveLimits()

# --- what tests are made of ----------------------------------------------------------------------------------------


def read(path: Path, limits: ArchiveLimits = LIMITS) -> list[tuple[str, bytes]]:
    with ReleaseArchive(path, "the archive", limits) as archive:
        return [(document.name, document.data) for document in archive.documents()]


def read_by_zipfile(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json") and not set(name) & {"/", "\\"}]
        return [(name, archive.read(name)) for name in names]


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[bytes], Path]:
    def store(data: bytes) -> Path:
        path = tmp_path / "release.zip"
        path.write_bytes(data)
        return path

    return store


# --- whole ------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_characters="\0/\\", codec="utf-8"), min_size=1, max_size=30)
MEMBERS = st.lists(
    st.tuples(
        NAMES.map(lambda name: f"{name}.json")
        | st.sampled_from(["d/x.json", "notes.txt", ".v7/metadata.json", "é/"]),
        st.binary(max_size=300) | st.integers(0, 1 << 17).map(lambda size: random.Random(size).randbytes(16) * size),
        st.sampled_from([(zipfile.ZIP_STORED, None), *((zipfile.ZIP_DEFLATED, level) for level in (1, 6, 9))]),
        st.booleans(),
        st.binary(max_size=20),
    ),
    max_size=8,
    unique_by=lambda member: member[0],
)


@settings(max_examples=120, deadline=None)
@given(MEMBERS, st.booleans(), st.binary(max_size=100).filter(lambda comment: b"PK\5\6" not in comment))
def test_reads_what_zipfile_writes(tmp_path_factory: pytest.TempPathFactory, members, seekable, comment) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target if seekable else Unseekable(target), "w") as archive:
        archive.comment = comment
        for name, data, (method, level), large, note in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info._compresslevel, info.comment = method, level, note
            info.extra = struct.pack("<2H", 0xCAFE, len(note)) + note
            with archive.open(info, "w", force_zip64=large) as member:
                member.write(data)
    path = tmp_path_factory.getbasetemp() / "property.zip"
    path.write_bytes(target.getvalue())
    assert read(path) == read_by_zipfile(path)
    with ReleaseArchive(path, "the archive") as archive:
        assert archive.metadata() == {name: data for name, data, *_ in members}.get(".v7/metadata.json")


def test_only_documents_at_the_root_and_the_companion_are_read(stored) -> None:
    names = ["b.json", "a.json", "sub/c.json", "../d.json", "e.txt", "sub\\f.json", ".v7/metadata.json", "g.JSON"]
    path = stored(packed({name: name.encode() for name in names}))
    assert read(path) == [("b.json", b"b.json"), ("a.json", b"a.json")]
    with ReleaseArchive(path, "the archive") as archive:
        assert archive.metadata() == b".v7/metadata.json"


def test_archive_without_companion(stored) -> None:
    with ReleaseArchive(stored(packed({"a.json": b"{}"})), "the archive") as archive:
        assert archive.metadata() is None


def test_comment_that_looks_like_the_end_of_an_archive(stored) -> None:
    whole = packed({"a.json": b"{}"})
    comment = b"PK\5\6" + bytes(18) + b"PK\5\6"
    assert read(stored(whole[:-2] + struct.pack("<H", len(comment)) + comment)) == [("a.json", b"{}")]


def test_empty_archive_has_no_documents(stored) -> None:
    assert read(stored(packed({}))) == []


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed")
@pytest.mark.parametrize("options", [["-0"], ["-9"], ["-1", "-fd"], ["-fz"], ["-z"]])
def test_reads_what_info_zip_writes(tmp_path: Path, options: list[str]) -> None:
    folder = tmp_path / "files"
    (folder / ".v7").mkdir(parents=True)
    for name in ("a.json", "b b.json", ".v7/metadata.json"):
        (folder / name).write_bytes(name.encode() * 500)
    path = tmp_path / "release.zip"
    command = ["zip", "-q", "-r", *options, path, "."]
    subprocess.run(command, cwd=folder, input=b"PK\5\6 a comment\n.\n", check=True)
    assert sorted(read(path)) == [("a.json", b"a.json" * 500), ("b b.json", b"b b.json" * 500)]
    with ReleaseArchive(path, "the archive") as archive:
        assert archive.metadata() == b".v7/metadata.json" * 500


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed")
def test_encrypted_documents_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{}" * 100)
    subprocess.run(["zip", "-q", "-P", "secret", "release.zip", "a.json"], cwd=tmp_path, check=True)
    with pytest.raises(IntegrityError, match=r"'a\.json' in the archive is encrypted"):
        read(tmp_path / "release.zip")


def test_members_may_be_in_another_order_than_the_directory(stored) -> None:
    first, second = local(b"a.json", b"1"), local(b"b.json", b"2")
    entries = [entry(b"b.json", data=b"2", offset=len(first)), entry(b"a.json", data=b"1")]
    assert read(stored(archive_of(first + second, *entries))) == [("b.json", b"2"), ("a.json", b"1")]


def test_extra_fields_that_only_the_member_has(stored) -> None:
    member = local(b"a.json", b"{}", extra=bytes(65_000))
    assert read(stored(archive_of(member, entry()))) == [("a.json", b"{}")]


def test_memory_is_flat_however_many_members(tmp_path: Path) -> None:
    names = (f"018f0000-0000-7000-8000-{number:012d}.json" for number in range(20_000))
    path = tmp_path / "release.zip"
    path.write_bytes(b"".join(zip_chunks(((name, b"{}") for name in names), datetime.now(UTC))))
    tracemalloc.start()
    try:
        with ReleaseArchive(path, "the archive") as archive:
            assert sum(1 for _ in archive.documents()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


# --- damaged ----------------------------------------------------------------------------------------

WHOLE = packed({f"{number}.json": b'{"annotations":[%d]}' % number * 20 for number in range(4)})
CONTENTS = {b'{"annotations":[%d]}' % number * 20 for number in range(4)}


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_wrong_byte_never_gives_wrong_documents(
    tmp_path_factory: pytest.TempPathFactory, position: int, change: int
) -> None:
    data = bytearray(WHOLE)
    data[position] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(data)
    try:
        documents = read(path)
    except IntegrityError:
        return
    assert {content for _, content in documents} <= CONTENTS


@pytest.mark.parametrize("size", range(0, len(WHOLE), 7))
def test_archive_cut_short_is_refused(stored, size: int) -> None:
    with pytest.raises(IntegrityError):
        read(stored(WHOLE[:size]))


def test_damaged_document_is_named_when_it_is_reached(stored) -> None:
    data = bytearray(packed({"a.json": b"1" * 50, "b.json": b"2" * 50}, zipfile.ZIP_STORED))
    data[data.index(b"2222") + 9] = ord("3")
    with ReleaseArchive(stored(data), "the archive") as archive:
        documents = archive.documents()
        assert next(documents).data == b"1" * 50
        with pytest.raises(IntegrityError, match=r"'b\.json' in the archive is damaged"):
            next(documents)


@pytest.mark.parametrize("data", [b"", b"<html>Please log in</html>", b"PK\5\6", bytes(100_000)])
def test_what_is_no_zip(stored, data: bytes) -> None:
    with pytest.raises(IntegrityError, match="is not a whole zip archive"):
        read(stored(data))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ReleaseArchive(tmp_path / "none.zip", "the archive")


# --- hostile ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unknown_methods_are_refused(stored, method: int) -> None:
    with pytest.raises(IntegrityError, match="packed in a way that is not known"):
        read(stored(packed({"a.json": b"{}" * 100}, method)))


@pytest.mark.parametrize("zeros", [1 << 20, 64 << 20])
def test_no_more_is_inflated_than_was_declared(stored, zeros: int) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(zeros >> 20)) + deflater.flush()
    lying = entry(data=b"{}", body_size=len(body), method=8)
    path = stored(archive_of(local(b"a.json", body), lying))
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError, match="is damaged"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("declared", [0, 1, 199, 201, 10_000])
def test_declared_size_must_be_the_size(stored, declared: int) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflater.compress(b"x" * 200) + deflater.flush()
    lying = entry(data=b"x" * 200, size=declared, body_size=len(body), method=8)
    with pytest.raises(IntegrityError):
        read(stored(archive_of(local(b"a.json", body), lying)))


def test_member_over_the_limit_is_refused_unread(stored) -> None:
    path = stored(packed({"a.json": b"x" * 1001}))
    with pytest.raises(IntegrityError, match="has 1001 bytes, over the limit of 1000"):
        read(path, ArchiveLimits(member=1000))
    assert len(read(path, ArchiveLimits(member=1001))) == 1


def test_bomb_is_refused_before_anything_is_inflated(stored) -> None:
    path = stored(packed({f"{number}.json": bytes(1 << 20) for number in range(3)}))
    with pytest.raises(IntegrityError, match="would inflate to 3145728"):
        ReleaseArchive(path, "the archive", ArchiveLimits(ratio=200, harmless=1000))
    assert len(read(path, ArchiveLimits(ratio=2000, harmless=1000))) == 3


@pytest.mark.parametrize("in_order", [True, False])
def test_members_that_share_their_bytes_are_refused(stored, in_order: bool) -> None:
    inner = local(b"b.json", b"{}")
    outer = local(b"a.json", inner)
    entries = [entry(b"a.json", data=inner), entry(b"b.json", offset=len(outer) - len(inner))]
    with pytest.raises(IntegrityError, match="share their bytes"):
        read(stored(archive_of(outer, *(entries if in_order else entries[::-1]))))


def test_member_may_not_reach_into_the_directory(stored) -> None:
    with pytest.raises(IntegrityError, match="reaches beyond the members"):
        read(stored(archive_of(local(b"a.json", b"{}"), entry(body_size=40, size=40))))


def test_member_must_be_the_one_the_directory_names(stored) -> None:
    with pytest.raises(IntegrityError, match="is not where the directory says"):
        read(stored(archive_of(local(b"b.json", b"{}"), entry(b"a.json"))))


@pytest.mark.parametrize("count", [0, 2])
def test_directory_must_have_as_many_entries_as_it_says(stored, count: int) -> None:
    with pytest.raises(IntegrityError, match=f"holds 1 members instead of {count}"):
        read(stored(archive_of(local(b"a.json", b"{}"), entry(), count=count)))


def test_sizes_that_need_an_extra_field_must_have_it(stored) -> None:
    with pytest.raises(IntegrityError):
        read(stored(archive_of(local(b"a.json", b"{}"), entry(size=0xFFFFFFFF, body_size=0xFFFFFFFF))))


def test_name_that_is_not_text(stored) -> None:
    with pytest.raises(IntegrityError, match="has a name that is not text"):
        read(stored(archive_of(local(b"\xff.json", b"{}"), entry(b"\xff.json", flags=0x800))))
