"""Release zips read while they come: the same documents as from the whole archive, or an error, never others."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.darwin.archive import LIMITS, ArchiveLimits, ReleaseArchive
from groundtruth.adapters.darwin.arriving import ArrivingArchive
from groundtruth.domain.errors import IntegrityError, Unavailable
from groundtruth.entrypoints.server.darwin.zips import zip_chunks
from support.arriving import TRIES, Source, arrival, patiently
from support.zips import Unseekable, archive_of, entry, local, packed

DOCUMENTS = {f"{number}.json": b'{"annotations":[%d]}' % number * 20 for number in range(6)}
WHOLE = packed(DOCUMENTS)


def documents_of(source: Source, folder: Path, limits: ArchiveLimits = LIMITS) -> Iterator[tuple[str, bytes]]:
    with contextlib.closing(arrival(source, folder, repeat=patiently)) as coming:
        archive = ArrivingArchive(coming, "the archive", limits)
        for document in archive.documents():
            yield document.name, document.data


def read(data: bytes, folder: Path, limits: ArchiveLimits = LIMITS, **options: object) -> list[tuple[str, bytes]]:
    return list(documents_of(Source(data, **options), folder, limits))  # type: ignore[arg-type]


def read_whole(data: bytes, folder: Path) -> list[tuple[str, bytes]]:
    path = folder / "whole.zip"
    path.write_bytes(data)
    with ReleaseArchive(path, "the archive") as archive:
        return [(document.name, document.data) for document in archive.documents()]


def head(
    name: bytes,
    data: bytes = b"{}",
    *,
    flags: int = 0,
    method: int = 0,
    crc: int | None = None,
    size: int | None = None,
    body: bytes | None = None,
    body_size: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A member whose own head says whatever a test wants it to say."""
    body = data if body is None else body
    facts = (
        zlib.crc32(data) if crc is None else crc,
        len(body) if body_size is None else body_size,
        len(data) if size is None else size,
    )
    start = struct.pack("<4s5H3L", b"PK\3\4", 20, flags, method, 0, 33, *facts)
    return start + struct.pack("<2H", len(name), len(extra)) + name + extra + body


# --- whole archives -----------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_characters="\0/\\", codec="utf-8"), min_size=1, max_size=20)
MEMBERS = st.lists(
    st.tuples(
        NAMES.map(lambda name: f"{name}.json")
        | st.sampled_from(["d/x.json", "notes.txt", ".v7/metadata.json", "é/"]),
        st.binary(max_size=300) | st.integers(0, 1 << 15).map(lambda size: random.Random(size).randbytes(16) * size),
        st.sampled_from([(zipfile.ZIP_STORED, None), (zipfile.ZIP_DEFLATED, 1), (zipfile.ZIP_DEFLATED, 9)]),
        st.sampled_from(["plain", "plain", "plain", "large", "descriptor"]),
        st.binary(max_size=20),
    ),
    max_size=8,
    unique_by=lambda member: member[0],
)


def written(members: list, comment: bytes) -> bytes:
    """An archive of members of all kinds."""
    target = io.BytesIO()
    for position, (name, data, (method, level), kind, note) in enumerate(members):
        info = zipfile.ZipInfo(name)
        info.compress_type, info._compresslevel = method, level  # type: ignore[attr-defined]
        info.extra = struct.pack("<2H", 0xCAFE, len(note)) + note
        place = Unseekable(target) if kind == "descriptor" and not position else target
        with zipfile.ZipFile(place, "a" if position else "w") as archive:  # type: ignore[call-overload]
            with archive.open(info, "w", force_zip64=kind == "large") as member:
                member.write(data)
            archive.comment = comment
    if not members:
        with zipfile.ZipFile(target, "w") as archive:
            archive.comment = comment
    return target.getvalue()


@settings(max_examples=120)
@given(
    MEMBERS,
    st.binary(max_size=60).filter(lambda comment: b"PK\5\6" not in comment),
    st.lists(st.integers(0, 4000), max_size=8),
    st.integers(1, 5000),
    st.booleans(),
)
def test_same_documents_as_from_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    members: list,
    comment: bytes,
    cuts: list[int | None],
    piece: int,
    resumes: bool,
) -> None:
    folder = tmp_path_factory.mktemp("arriving")
    data = written(members, comment)
    source = Source(data, cuts, resumes=resumes, piece=piece)
    with contextlib.closing(arrival(source, folder, repeat=patiently)) as coming:
        archive = ArrivingArchive(coming, "the archive")
        found = [(document.name, document.data) for document in archive.documents()]
        assert archive.metadata == {name: data for name, data, *_ in members}.get(".v7/metadata.json")
        coming.discard()
    assert found == read_whole(data, folder)
    assert [path.name for path in folder.iterdir()] == ["whole.zip"]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1200)), max_size=4), st.booleans())
def test_runs_that_stop_are_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int, int]], resumes: bool
) -> None:
    """Each run takes some documents and breaks off somewhere; the last one takes all."""
    folder = tmp_path_factory.mktemp("arriving")
    expected = list(DOCUMENTS.items())
    for taken, cut in runs:
        source = Source(WHOLE, [cut] * TRIES, resumes=resumes, piece=100)
        coming = arrival(source, folder)
        found = []
        with contextlib.closing(coming), contextlib.suppress(Unavailable):
            for document in ArrivingArchive(coming, "the archive").documents():
                found.append((document.name, document.data))
                if len(found) >= taken:
                    break
        assert found == expected[: len(found)]
    assert list(documents_of(Source(WHOLE, resumes=resumes, piece=100), folder)) == expected


def test_documents_are_given_out_before_the_archive_is_there(tmp_path: Path) -> None:
    source = Source(WHOLE, piece=200)
    with contextlib.closing(arrival(source, tmp_path)) as coming:
        documents = ArrivingArchive(coming, "the archive").documents()
        assert next(documents).name == "0.json"
        assert coming.path.stat().st_size < len(WHOLE) / 2


def test_archive_that_the_server_makes_comes_member_by_member(tmp_path: Path) -> None:
    members = [(f"{number}.json", b"%d" % number * 500) for number in range(200)]
    data = b"".join(zip_chunks(iter(members), datetime.now(UTC)))
    source = Source(data, [len(data) // 3, len(data) // 3], piece=4096)
    places: list[tuple[str, int]] = []
    with contextlib.closing(arrival(source, tmp_path, repeat=patiently)) as coming:
        documents = ArrivingArchive(coming, "the archive").documents()
        places += [(document.name, coming.path.stat().st_size) for document in documents]
    assert [name for name, _ in places] == [name for name, _ in members]
    assert places[0][1] < 3 * 4096
    assert len(source.opened) == 3


def test_members_before_one_whose_size_follows_are_not_given_out_twice(tmp_path: Path) -> None:
    target = io.BytesIO(packed({"a.json": b"1", "notes.txt": b"2", "b.json": b"3"}))
    data = target.getvalue()
    # From the third on, the archive leaves everything to its directory.
    place = data.index(b"PK\3\4", data.index(b"notes.txt"))
    changed = bytearray(data)
    changed[place + 6] |= 8
    assert read(bytes(changed), tmp_path) == [("a.json", b"1"), ("b.json", b"3")]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
@pytest.mark.parametrize("follows", [None, 0, 1, 2])
def test_order_of_the_directory_does_not_matter(tmp_path: Path, order: list[int], follows: int | None) -> None:
    names = [b"a.json", b"b.json", b"c.json"]
    members, entries = b"", []
    for number, name in enumerate(names):
        entries.append(entry(name, data=name, offset=len(members)))
        members += head(name, name, flags=8 if number == follows else 0)
    found = read(archive_of(members, *[entries[place] for place in order]), tmp_path)
    assert sorted(found) == [(name.decode(), name) for name in names]


def test_bytes_that_are_no_member_are_left_to_the_directory(tmp_path: Path) -> None:
    first, second = head(b"a.json", b"1"), head(b"b.json", b"2")
    between = b"something else"
    for before, middle in ((b"", between), (b"#!/bin/sh\n" * 9, b""), (between, between)):
        members = before + first + middle + second
        places = (len(before), len(before + first + middle))
        entries = [
            entry(n, data=d, offset=p) for n, d, p in zip((b"a.json", b"b.json"), (b"1", b"2"), places, strict=True)
        ]
        assert read(archive_of(members, *entries), tmp_path) == [("a.json", b"1"), ("b.json", b"2")]


def test_memory_is_flat_however_many_members(tmp_path: Path) -> None:
    members = ((f"018f0000-0000-7000-8000-{number:012d}.json", b"{}") for number in range(20_000))
    data = b"".join(zip_chunks(members, datetime.now(UTC)))
    source = Source(data, piece=100_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in documents_of(source, tmp_path)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def test_large_members_that_are_no_documents_are_passed_over_in_pieces(tmp_path: Path) -> None:
    data = packed({"video.mp4": bytes(40 << 20), "a.json": b"{}"}, zipfile.ZIP_STORED)
    source = Source(data, piece=100_000)
    tracemalloc.start()
    try:
        assert list(documents_of(source, tmp_path)) == [("a.json", b"{}")]
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


# --- damaged ------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_wrong_byte_never_gives_wrong_documents(
    tmp_path_factory: pytest.TempPathFactory, position: int, change: int
) -> None:
    data = bytearray(WHOLE)
    data[position] ^= change
    found: list[bytes] = []
    try:
        for _, content in documents_of(Source(bytes(data)), tmp_path_factory.mktemp("arriving")):
            found.append(content)
    except IntegrityError:
        pass
    assert set(found) <= set(DOCUMENTS.values())


@pytest.mark.parametrize("size", range(0, len(WHOLE), 11))
def test_archive_cut_short_is_refused_in_the_end(tmp_path: Path, size: int) -> None:
    found = []
    with pytest.raises(IntegrityError):
        for document in documents_of(Source(WHOLE[:size]), tmp_path):
            found.append(document)  # noqa: PERF402 - what came before the error counts
    assert found == list(DOCUMENTS.items())[: len(found)]


@pytest.mark.parametrize("data", [b"", b"<html>Please log in</html>", b"PK\3\4", b"PK\5\6", bytes(100_000)])
def test_what_is_no_zip(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(IntegrityError, match="is not a whole zip archive"):
        read(data, tmp_path)


def test_damaged_document_is_named_when_it_is_reached(tmp_path: Path) -> None:
    data = bytearray(packed({"a.json": b"1" * 50, "b.json": b"2" * 50}, zipfile.ZIP_STORED))
    data[data.index(b"2222") + 9] = ord("3")
    documents = documents_of(Source(bytes(data)), tmp_path)
    assert next(documents) == ("a.json", b"1" * 50)
    with pytest.raises(IntegrityError, match=r"'b\.json' in the archive is damaged"):
        next(documents)


def test_archive_deleted_by_somebody_else(tmp_path: Path) -> None:
    with contextlib.closing(arrival(Source(WHOLE), tmp_path)) as coming:
        documents = ArrivingArchive(coming, "the archive").documents()
        next(documents)
        coming.path.unlink()
        with pytest.raises(Unavailable, match="was deleted"):
            list(documents)


# --- hostile ------------------------------------------------------------------------------------------

LIES = {
    "another name": head(b"b.json"),
    "another content": head(b"a.json", b"[]"),
    "another packing": head(b"a.json", method=8, body=b"\xab\xae\x05\x00"),
    "one member more": head(b"a.json") + head(b"b.json"),
    "one member more first": head(b"b.json") + head(b"a.json"),
    "twice": head(b"a.json") * 2,
    "a name in another alphabet": head(b"a.json", flags=0x800),
}


@pytest.mark.parametrize("kind", LIES)
def test_heads_that_lie_against_the_directory(tmp_path: Path, kind: str) -> None:
    members = LIES[kind]
    data = archive_of(members, entry(b"a.json", offset=members.rindex(b"PK\3\4") if "first" in kind else 0))
    with pytest.raises(IntegrityError):
        read(data, tmp_path)


def test_directory_that_knows_of_more(tmp_path: Path) -> None:
    inner = head(b"b.json", b"[1]")
    members = head(b"notes.txt", inner)
    hidden = entry(b"b.json", data=b"[1]", offset=len(members) - len(inner))
    data = archive_of(members, entry(b"notes.txt", data=inner), hidden)
    with pytest.raises(IntegrityError, match="does not fit its members"):
        read(data, tmp_path)


def test_directory_that_knows_of_none(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="does not fit its members"):
        read(archive_of(head(b"a.json")), tmp_path)


@pytest.mark.parametrize("flags", [0x1, 0x40, 0x2000])
def test_encrypted_documents_are_refused(tmp_path: Path, flags: int) -> None:
    data = archive_of(head(b"a.json", flags=flags), entry(b"a.json", flags=flags))
    with pytest.raises(IntegrityError, match="is encrypted"):
        read(data, tmp_path)


def test_unknown_methods_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="packed in a way that is not known"):
        read(packed({"a.json": b"{}" * 100}, zipfile.ZIP_BZIP2), tmp_path)


@pytest.mark.parametrize("declared", [0, 1, 199, 201, 10_000])
def test_declared_size_must_be_the_size(tmp_path: Path, declared: int) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflater.compress(b"x" * 200) + deflater.flush()
    lying = head(b"a.json", b"x" * 200, method=8, size=declared, body=body)
    with pytest.raises(IntegrityError):
        read(archive_of(lying, entry(data=b"x" * 200, size=declared, body_size=len(body), method=8)), tmp_path)


def test_no_more_is_inflated_than_was_declared(tmp_path: Path) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(64)) + deflater.flush()
    data = archive_of(head(b"a.json", method=8, body=body), entry(body_size=len(body), method=8))
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError, match="is damaged"):
            read(data, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_member_over_the_limit_is_refused(tmp_path: Path) -> None:
    data = packed({"a.json": b"x" * 1001})
    with pytest.raises(IntegrityError, match="has 1001 bytes, over the limit of 1000"):
        read(data, tmp_path, ArchiveLimits(member=1000))
    assert len(read(data, tmp_path, ArchiveLimits(member=1001))) == 1


def test_bomb_is_refused_while_it_comes(tmp_path: Path) -> None:
    data = packed({f"{number}.json": bytes(1 << 20) for number in range(30)})
    found = 0
    with pytest.raises(IntegrityError, match="would inflate"):
        for _ in documents_of(Source(data), tmp_path, ArchiveLimits(ratio=200, harmless=3 << 20)):
            found += 1
    assert found <= 3
    assert len(read(data, tmp_path, ArchiveLimits(ratio=2000, harmless=1000))) == 30


def test_sizes_that_never_come(tmp_path: Path) -> None:
    data = head(b"a.json", body_size=500_000_000, size=500_000_000) + bytes(100_000)
    with pytest.raises(IntegrityError):
        read(data, tmp_path)


@pytest.mark.parametrize("name", [b"../a.json", b"/a.json", b"d\\a.json", b"C:\\a.json"])
def test_documents_elsewhere_than_at_the_root_are_passed_over(tmp_path: Path, name: bytes) -> None:
    assert read(archive_of(head(name), entry(name)), tmp_path) == []


def test_name_that_is_not_text(tmp_path: Path) -> None:
    data = archive_of(head(b"\xff.json", flags=0x800), entry(b"\xff.json", flags=0x800))
    with pytest.raises(IntegrityError, match="has a name that is not text"):
        read(data, tmp_path)


def test_long_extra_fields_are_passed_over(tmp_path: Path) -> None:
    data = archive_of(head(b"a.json", extra=bytes(65_000)), entry())
    assert read(data, tmp_path) == [("a.json", b"{}")]


def test_heads_without_any_facts_are_no_members(tmp_path: Path) -> None:
    """All of a head but its mark and its name is nothing: it says that the member is empty."""
    with pytest.raises(IntegrityError):
        read(archive_of(local(b"a.json", b"{}"), entry()), tmp_path)
