"""The part of the library's contract that is about media files; it is run as a part of `LibraryContract`."""

from __future__ import annotations

import abc
import hashlib
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from ..domain.digest import Digest
from ..domain.errors import InvalidName, NotReadable
from ..domain.reference import DatasetReference
from ..domain.release import Release, ReleaseStatus
from ..ports.library import LocalFile, LocalLibrary, LocalRelease, PlaceTaken, ReleaseStaging

REFERENCE = DatasetReference("team", "set")


def release_named(name: str, dataset: str = "set", team: str = "team", content: str = "") -> Release:
    """A complete release as a hub would list it; `content` makes its digest."""
    digest = digest_of((content or name).encode())
    return Release(name, team, dataset, ReleaseStatus.COMPLETE, datetime(2024, 1, 1, tzinfo=UTC), True, digest=digest)


def digest_of(data: bytes) -> Digest:
    """Digest of some bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


class LibraryMediaContract(abc.ABC):
    """What every local library does with media, and what is needed to test it."""

    @abc.abstractmethod
    def make_library(self, root: Path) -> LocalLibrary:
        """A new, empty library; `root` is a folder it may use."""

    def write(self, library: LocalLibrary, path: Path, data: bytes) -> int:
        """Put a file where the library said, as a transfer would; return its modification time in ns."""
        path.write_bytes(data)
        return path.stat().st_mtime_ns

    def read(self, library: LocalLibrary, path: Path) -> bytes | None:
        """Content of a file of the library; None if there is none."""
        return path.read_bytes() if path.is_file() else None

    def remove(self, library: LocalLibrary, path: Path) -> None:
        """Delete a file of the library behind its back."""
        path.unlink()

    # --- building blocks ----------------------------------------------------------------------------

    @pytest.fixture
    def library(self, tmp_path: Path) -> LocalLibrary:
        return self.make_library(tmp_path / "library")

    def add(self, library: LocalLibrary, staging: ReleaseStaging, target: str, data: bytes) -> Path:
        """Fetch a media file: claim its place, write it, record it."""
        wanted = PurePosixPath(target)
        place = staging.claim(wanted, len(data), digest_of(data))
        mtime_ns = self.write(library, place, data)
        staging.add_file(wanted, len(data), mtime_ns, digest_of(data))
        return place

    def pull(
        self,
        library: LocalLibrary,
        release: Release,
        documents: dict[str, bytes] | None = None,
        media: dict[str, bytes] | None = None,
        recipe: str = "flat",
    ) -> LocalRelease:
        """Stage and publish a release."""
        staging = library.stage(release, recipe)
        chosen = {"a": b"{}"} if documents is None else documents
        for name, data in chosen.items():
            staging.add_document(name, data)
        for target, data in (media or {}).items():
            self.add(library, staging, target, data)
        return staging.publish(len(chosen), [])

    def images(self, library: LocalLibrary) -> Path:
        return library.folder(REFERENCE) / "images"

    # --- media --------------------------------------------------------------------------------------

    def test_media_go_to_their_final_place(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"day1/left/a.png": b"aaa"})
        assert self.read(library, self.images(library) / "day1" / "left" / "a.png") == b"aaa"

    @pytest.mark.parametrize("target", ["../a.png", "/etc/a.png", "a/../../b.png", "", "a\x00.png", "x" * 256])
    def test_a_hostile_target_is_refused(self, library: LocalLibrary, target: str) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        with pytest.raises(InvalidName):
            staging.claim(PurePosixPath(target))
        staging.abandon()

    def test_a_name_of_255_bytes_fits(self, library: LocalLibrary) -> None:
        target = "ü" * 125 + "x.png"
        published = self.pull(library, release_named("0.1"), media={target: b"aaa"})
        assert library.is_intact(published)

    def test_content_another_release_needs_stays_until_publish(self, library: LocalLibrary) -> None:
        first = self.pull(library, release_named("0.1"), media={"a.png": b"old"})
        staging = library.stage(release_named("0.2"), "flat")
        place = self.add(library, staging, "a.png", b"new")
        final = self.images(library) / "a.png"
        assert place != final
        assert self.read(library, final) == b"old"
        assert library.is_intact(first)
        second = staging.publish(0, [])
        assert self.read(library, final) == b"new"
        assert library.is_intact(second)
        assert list(library.verify(second)) == []
        assert not library.is_intact(first)

    def test_content_two_releases_share_is_claimed_in_place(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"a.png": b"same"})
        staging = library.stage(release_named("0.2"), "flat")
        final = self.images(library) / "a.png"
        assert staging.claim(PurePosixPath("a.png"), 4, digest_of(b"same")) == final
        assert staging.claim(PurePosixPath("a.png"), 4, None) == final
        assert staging.claim(PurePosixPath("a.png"), 5, None) != final
        assert staging.claim(PurePosixPath("a.png"), None, None) != final
        staging.abandon()

    def test_a_file_nobody_knows_is_claimed_in_place(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"d/a.png": b"aaa"})
        unknown = self.images(library) / "d" / "b.png"
        self.write(library, unknown, b"from elsewhere")
        staging = library.stage(release_named("0.2"), "flat")
        assert staging.claim(PurePosixPath("d/b.png"), 3, digest_of(b"bbb")) == unknown
        staging.abandon()

    @pytest.mark.parametrize("published", [True, False])
    def test_a_file_is_known_by_where_it_is_from(self, library: LocalLibrary, published: bool) -> None:
        target, origin = PurePosixPath("d/a.png"), "https://files.test/a"
        staging = library.stage(release_named("0.1"), "flat")
        assert staging.known(target, origin) is None
        place = staging.claim(target)
        mtime_ns = self.write(library, place, b"aaa")
        staging.add_file(target, 3, mtime_ns, digest_of(b"aaa"), origin)
        if published:
            staging.publish(0, [])
        else:
            staging.abandon()
        for name in ("0.1", "0.2") if published else ("0.1",):
            again = library.stage(release_named(name), "flat")
            known = again.known(target, origin)
            assert known == LocalFile("images/d/a.png", 3, mtime_ns, digest_of(b"aaa"))
            assert again.known(target, str(digest_of(b"aaa"))) == known
            assert again.known(target, "https://files.test/b") is None
            assert again.known(target, str(digest_of(b"bbb"))) is None
            assert again.known(PurePosixPath("d/b.png"), origin) is None
            again.abandon()

    def test_a_file_that_was_changed_is_not_known(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"a.png": b"aaa"})
        self.write(library, self.images(library) / "a.png", b"changed")
        staging = library.stage(release_named("0.2"), "flat")
        assert staging.known(PurePosixPath("a.png"), str(digest_of(b"aaa"))) is None
        staging.abandon()

    def test_a_known_file_counts_as_one_of_the_release(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"a.png": b"aaa"})
        staging = library.stage(release_named("0.2"), "flat")
        target = PurePosixPath("a.png")
        known = staging.known(target, str(digest_of(b"aaa")))
        assert known is not None
        staging.add_file(target, known.size, known.mtime_ns, known.digest)
        published = staging.publish(0, [])
        assert published.file_count == 1
        assert library.is_intact(published)
        assert list(library.verify(published)) == []

    @pytest.mark.parametrize("is_file", [True, False])
    def test_a_place_that_is_taken_is_named(self, library: LocalLibrary, is_file: bool) -> None:
        self.pull(library, release_named("0.1"), media={"d/a.png" if is_file else "d/a.png/0/b.png": b"aaa"})
        staging = library.stage(release_named("0.2"), "flat")
        with pytest.raises(PlaceTaken) as caught:
            staging.claim(PurePosixPath("d/a.png/1/c.png" if is_file else "d/a.png"), 3, digest_of(b"bbb"))
        assert (caught.value.place, caught.value.is_file) == ("d/a.png", is_file)
        assert "images/d/a.png" in str(caught.value)
        staging.abandon()

    def test_fetched_files_can_be_read_and_dropped(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        place = staging.scratch("manifest")
        self.write(library, place, b"one\n" + b"x" * 200_000 + b"\nlast")
        lines = list(staging.lines(place))
        assert b"".join(lines) == b"one\n" + b"x" * 200_000 + b"\nlast"
        assert lines[0] == b"one\n"
        assert max(map(len, lines)) <= 64 * 1024
        staging.drop(place)
        staging.drop(place)
        with pytest.raises(NotReadable):
            list(staging.lines(place))
        staging.abandon()

    def test_scratch_places_are_the_same_in_every_attempt(self, library: LocalLibrary) -> None:
        first = library.stage(release_named("0.1"), "flat")
        place = first.scratch("clip")
        assert first.scratch("other") != place
        self.write(library, place, b"video")
        first.abandon()
        second = library.stage(release_named("0.1"), "flat")
        assert second.scratch("clip") == place
        assert self.read(library, place) == b"video"
        second.publish(0, [])
        assert self.read(library, place) is None

    def test_extra_files_are_removed(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"a.png": b"a", "d/b.png": b"b", "e/f/c.png": b"c"})
        removed = library.remove_extra(REFERENCE, [PurePosixPath("a.png"), PurePosixPath("not/there.png")])
        assert sorted(removed) == ["d/b.png", "e/f/c.png"]
        images = self.images(library)
        assert self.read(library, images / "a.png") == b"a"
        assert self.read(library, images / "d" / "b.png") is None
        assert library.remove_extra(REFERENCE, [PurePosixPath("a.png")]) == []
        assert library.remove_extra(DatasetReference("no", "such"), []) == []

    def test_what_is_no_medium_is_not_extra(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), media={"a.png": b"a", "d/b.PNG": b"b", "e/c.png": b"c"})
        images = self.images(library)
        self.write(library, images / "e" / "notes.txt", b"mine")
        self.write(library, images / "d" / ".DS_Store", b"macOS")
        assert sorted(library.remove_extra(REFERENCE, [PurePosixPath("a.png")])) == ["d/b.PNG", "e/c.png"]
        assert self.read(library, images / "e" / "notes.txt") == b"mine"
        assert self.read(library, images / "d" / ".DS_Store") is None
