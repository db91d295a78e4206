"""Contract suite of `ports.library`: subclass `LibraryContract`, say how to make a library, run pytest."""

from __future__ import annotations

import pytest

from ..domain.errors import InvalidName, NameTaken
from ..domain.reference import DatasetReference
from ..ports.library import LocalLibrary, PullProblem
from .library_media import REFERENCE, LibraryMediaContract, digest_of, release_named

__all__ = ["REFERENCE", "LibraryContract", "digest_of", "release_named"]


class LibraryContract(LibraryMediaContract):
    """What every local library does. A library whose files are not on disk overrides `write`, `read`, `remove`."""

    # --- looking up ---------------------------------------------------------------------------------

    def test_an_empty_library_has_nothing(self, library: LocalLibrary) -> None:
        assert list(library.list_datasets()) == []
        assert library.release(REFERENCE) is None
        assert library.release(REFERENCE.at("0.1")) is None
        assert library.folder(REFERENCE).parts[-2:] == ("team", "set")

    @pytest.mark.parametrize("slug", ["..", ".", "", "a/b", "a\\b", "a\x00"])
    def test_a_reference_cannot_leave_the_library(self, library: LocalLibrary, slug: str) -> None:
        for reference in (DatasetReference("team", slug), DatasetReference(slug, "set")):
            with pytest.raises(InvalidName):
                library.folder(reference)

    def test_a_published_release_is_found_by_name(self, library: LocalLibrary) -> None:
        release = release_named("0.1")
        published = self.pull(library, release, {"a": b"{}", "b": b"[]"}, {"day/a.png": b"aaa"}, "recipe")
        assert library.release(REFERENCE.at("0.1")) == published
        assert published.reference.identifier == "team/set"
        assert published.reference.release == "0.1"
        assert published.digest == release.digest
        assert (published.item_count, published.file_count, published.recipe) == (2, 1, "recipe")
        assert published.pulled_at.utcoffset() is not None
        assert published.is_complete
        assert published.path == library.folder(REFERENCE) / "releases" / "0.1"

    def test_nothing_is_visible_before_publish(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        staging.add_document("a", b"{}")
        self.add(library, staging, "a.png", b"aaa")
        assert library.release(REFERENCE.at("0.1")) is None
        assert list(library.list_datasets()) == []
        staging.publish(1, [])
        assert library.release(REFERENCE.at("0.1")) is not None

    def test_problems_are_remembered(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        published = staging.publish(0, [PullProblem("a.png", "gone")])
        assert not published.is_complete
        assert library.release(REFERENCE.at("0.1")) == published

    def test_latest_is_what_it_was_set_to(self, library: LocalLibrary) -> None:
        first, second = (self.pull(library, release_named(name)) for name in ("0.1", "0.2"))
        assert library.release(REFERENCE) is None
        for release in (first, second, first):
            library.set_latest(release)
            assert library.release(REFERENCE) == release
            assert library.release(REFERENCE.at("latest")) == release

    def test_datasets_are_listed_in_order(self, library: LocalLibrary) -> None:
        for team, dataset, name in [("b", "x", "1"), ("a", "z", "2"), ("a", "y", "1"), ("a", "z", "1")]:
            self.pull(library, release_named(name, dataset, team))
        listed = list(library.list_datasets())
        assert [one.reference.identifier for one in listed] == ["a/y", "a/z", "b/x"]
        assert [one.releases for one in listed] == [("1",), ("1", "2"), ("1",)]
        assert [one.reference.identifier for one in library.list_datasets("b")] == ["b/x"]
        assert list(library.list_datasets("c")) == []

    def test_a_listed_dataset_counts_its_media(self, library: LocalLibrary) -> None:
        published = self.pull(library, release_named("0.1"), media={"a.png": b"aaa", "d/b.mp4": b"bbbb"})
        (listed,) = library.list_datasets()
        assert listed.image_count == 2
        assert listed.size >= 7
        assert listed.synced_at == published.pulled_at
        assert listed.path == library.folder(REFERENCE)

    def test_a_dataset_of_annotations_alone_is_listed(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"))
        assert [one.image_count for one in library.list_datasets()] == [0]

    # --- documents ----------------------------------------------------------------------------------

    def test_documents_are_kept_byte_for_byte(self, library: LocalLibrary) -> None:
        documents = {"b": b'{"version": "2.0"}\n', "a": b"\xff\x00not json", "a.b": b""}
        published = self.pull(library, release_named("0.1"), documents)
        files = library.annotation_files(published)
        assert [file.name for file in files] == sorted(f"{name}.json" for name in documents)
        assert {file.name: self.read(library, file) for file in files} == {
            f"{name}.json": data for name, data in documents.items()
        }

    def test_the_path_of_a_document_is_returned(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        assert staging.add_document("a", b"{}") == "annotations/a.json"
        staging.abandon()

    @pytest.mark.parametrize("name", ["../../out", "/etc/x", "..", ".", "a/../../b", "x" * 300, "ü" * 200, "a\x00b"])
    def test_a_document_of_any_name_stays_inside(self, library: LocalLibrary, name: str) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        path = staging.add_document(name, b"here")
        published = staging.publish(1, [])
        assert path.startswith("annotations/")
        assert ".." not in path.split("/")
        assert [self.read(library, file) for file in library.annotation_files(published)] == [b"here"]

    def test_a_document_is_never_overwritten(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        staging.add_document("a", b"first")
        with pytest.raises(NameTaken):
            staging.add_document("a", b"second")
        (file,) = library.annotation_files(staging.publish(1, []))
        assert self.read(library, file) == b"first"

    def test_metadata_is_no_annotation_document(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        staging.add_metadata(b"meta")
        published = staging.publish(0, [])
        assert library.annotation_files(published) == []
        assert self.read(library, published.path / "annotations" / ".v7" / "metadata.json") == b"meta"

    def test_invalid_documents_are_kept_apart(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        path = staging.add_invalid("../a", b"{broken")
        published = staging.publish(0, [PullProblem("a", "broken")])
        assert not path.startswith("annotations/")
        assert self.read(library, published.path / path) == b"{broken"
        assert library.annotation_files(published) == []

    def test_class_lists_have_no_final_newline(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        staging.add_class_list("polygon", ["car", "tree"])
        published = staging.publish(0, [])
        assert self.read(library, published.path / "lists" / "classes_polygon.txt") == b"car\ntree"

    # --- publishing ---------------------------------------------------------------------------------

    def test_publishing_again_replaces_the_documents(self, library: LocalLibrary) -> None:
        self.pull(library, release_named("0.1"), {"a": b"1", "b": b"1"})
        again = self.pull(library, release_named("0.1", content="other"), {"a": b"2"})
        assert library.release(REFERENCE.at("0.1")) == again
        assert [self.read(library, file) for file in library.annotation_files(again)] == [b"2"]

    def test_splits_survive_publishing_again(self, library: LocalLibrary) -> None:
        published = self.pull(library, release_named("0.1"))
        folder = library.write_lists(published, "8_1_1", [("random_train.txt", ["a", "b"])])
        again = self.pull(library, release_named("0.1"), {"b": b"{}"})
        assert folder == again.path / "lists" / "8_1_1"
        assert self.read(library, folder / "random_train.txt") == b"a\nb\n"
        assert self.read(library, again.path / "lists" / "default" / "random_train.txt") == b"a\nb\n"

    def test_lists_are_replaced_whole(self, library: LocalLibrary) -> None:
        published = self.pull(library, release_named("0.1"))
        library.write_lists(published, "s", [("one.txt", ["a", "b"]), ("none.txt", [])])
        folder = library.write_lists(published, "s", [("one.txt", ["c"])])
        assert self.read(library, folder / "one.txt") == b"c\n"
        assert self.read(library, folder / "none.txt") == b""
        library.write_lists(published, "t", [("one.txt", ["d"])])
        assert self.read(library, published.path / "lists" / "default" / "one.txt") == b"d\n"

    def test_abandoning_leaves_the_published_release(self, library: LocalLibrary) -> None:
        published = self.pull(library, release_named("0.1"), media={"a.png": b"aaa"})
        staging = library.stage(release_named("0.1", content="other"), "flat")
        staging.add_document("z", b"{}")
        staging.abandon()
        staging.abandon()
        assert library.release(REFERENCE.at("0.1")) == published
        assert library.is_intact(published)

    def test_abandoning_keeps_media_that_arrived(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        place = self.add(library, staging, "a.png", b"aaa")
        staging.abandon()
        assert self.read(library, place) == b"aaa"
        assert library.release(REFERENCE.at("0.1")) is None

    def test_abandoning_after_publish_does_nothing(self, library: LocalLibrary) -> None:
        staging = library.stage(release_named("0.1"), "flat")
        staging.add_document("a", b"{}")
        published = staging.publish(1, [])
        staging.abandon()
        assert library.release(REFERENCE.at("0.1")) == published

    def test_two_stagings_of_one_release_both_publish(self, library: LocalLibrary) -> None:
        stagings = [library.stage(release_named("0.1"), "flat") for _ in range(2)]
        for number, staging in enumerate(stagings):
            staging.add_document("a", b"%d" % number)
            self.add(library, staging, "a.png", b"same")
        published = [staging.publish(1, []) for staging in stagings]
        assert library.release(REFERENCE.at("0.1")) == published[-1]
        assert [self.read(library, file) for file in library.annotation_files(published[-1])] == [b"1"]
        assert library.is_intact(published[-1])

    # --- checking -----------------------------------------------------------------------------------

    def test_a_release_as_pulled_is_intact(self, library: LocalLibrary) -> None:
        published = self.pull(library, release_named("0.1"), {"a": b"{}"}, {"a.png": b"aaa", "d/b.png": b""})
        assert library.is_intact(published)
        assert list(library.verify(published)) == []

    @pytest.mark.parametrize("of_media", [True, False])
    def test_damage_is_found(self, library: LocalLibrary, of_media: bool) -> None:
        published = self.pull(library, release_named("0.1"), {"a": b"{}"}, {"d/a.png": b"aaa"})
        victim = self.images(library) / "d" / "a.png" if of_media else library.annotation_files(published)[0]
        expected = "images/d/a.png" if of_media else "releases/0.1/annotations/a.json"
        whole = self.read(library, victim) or b""
        self.write(library, victim, b"x" * len(whole))
        assert [fault.path for fault in library.verify(published)] == [expected]
        self.write(library, victim, b"longer than it was")
        assert not library.is_intact(published)
        assert [fault.path for fault in library.verify(published)] == [expected]
        self.remove(library, victim)
        assert not library.is_intact(published)
        (fault,) = library.verify(published)
        assert fault.path == expected
        assert fault.reason
