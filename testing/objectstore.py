"""Contract suite of `ports.storage.ObjectStore`: subclass, say how to make adapter and storages, run pytest."""

from __future__ import annotations

import abc
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import attrs
import pytest

from ..domain.errors import InvalidInput, NotReadable, ObjectNotFound
from ..domain.storage import ExternalStorage
from ..ports.storage import ObjectStore
from ..ports.transfer import ObjectStream
from .transfer import LARGE, ObjectSourceContract, content

SCHEME = "stored"


@attrs.define
class StoredObjects:
    """One storage of an object store, as an object source: what reading promises is the same for both."""

    objects: ObjectStore
    storage: ExternalStorage
    folder: Path
    numbers: itertools.count[int] = attrs.field(factory=itertools.count)

    @property
    def schemes(self) -> frozenset[str]:
        """`stored`."""
        return frozenset({SCHEME})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object of the storage."""
        return self.objects.open(self.storage, unquote(url.partition(":")[2]), start, validator)

    def put(self, key: str, data: bytes, encoding: str | None = None) -> int:
        """Store bytes, by way of a file."""
        path = self.folder / f"{next(self.numbers)}.bin"
        path.write_bytes(data)
        return self.objects.put(self.storage, key, path, encoding)


class ObjectStoreContract(ObjectSourceContract):
    """What every object store does; `open` does what an object source does."""

    large = LARGE
    """Bytes of an object that goes in several parts."""

    @abc.abstractmethod
    def make_objects(self, folder: Path) -> ObjectStore:
        """A new object store; `folder` is one it may use."""

    @abc.abstractmethod
    def make_storage(self, folder: Path, name: str) -> ExternalStorage:
        """An empty storage that exists; `folder` is the same as for `make_objects`, below which it may be."""

    @abc.abstractmethod
    def encoding_of(self, source: StoredObjects, key: str) -> str | None:
        """Content encoding an object was stored with. Skip the test if the store keeps none."""

    # --- building blocks ----------------------------------------------------------------------------

    @pytest.fixture
    def other(self, source: StoredObjects, tmp_path: Path) -> StoredObjects:
        """Another storage of the same object store."""
        return attrs.evolve(source, storage=self.make_storage(tmp_path / "stores", "other"))

    def make_source(self, folder: Path) -> StoredObjects:
        stores = folder.parent / "stores"
        stores.mkdir()
        folder.mkdir()
        return StoredObjects(self.make_objects(stores), self.make_storage(stores, "storage"), folder)

    def add(self, source: Any, data: bytes) -> str:
        key = f"raw/an object {next(source.numbers)}"
        source.put(key, data)
        return f"{SCHEME}:{quote(key)}"

    def change(self, source: Any, url: str, data: bytes) -> None:
        source.put(unquote(url.partition(":")[2]), data)

    def missing(self, source: Any) -> str:
        return f"{SCHEME}:no/such/object"

    def stored(self, source: StoredObjects, key: str) -> bytes:
        """Content of an object."""
        return self.read(source, f"{SCHEME}:{quote(key)}")[1]

    # --- storing ------------------------------------------------------------------------------------

    def test_an_object_is_stored(self, source: StoredObjects) -> None:
        for size in (0, 1, 1000, self.large):
            data = content(size)
            assert source.put("raw/a.bin", data) == size
            assert source.objects.size(source.storage, "raw/a.bin") == size
            assert self.stored(source, "raw/a.bin") == data

    @pytest.mark.parametrize(
        "key", ["a", "with blank", "größe 🐘", "%41", "a+b&c=d", "a?b#c", "~-_.!'()*", "x" * 250, "1/2/3/4/5/6.ext"]
    )
    def test_any_key_will_do(self, source: StoredObjects, key: str) -> None:
        source.put(key, b"data")
        assert self.stored(source, key) == b"data"

    @pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.", "a\nb", "a\0", "\udcff"])
    def test_what_is_no_key_is_refused(self, source: StoredObjects, key: str) -> None:
        with pytest.raises(InvalidInput):
            source.put(key, b"data")
        with pytest.raises(InvalidInput):
            source.objects.size(source.storage, key)
        with pytest.raises(InvalidInput):
            source.objects.open(source.storage, key)

    def test_similar_keys_are_different_objects(self, source: StoredObjects) -> None:
        keys = ["a/b", "a b", "a%2Fb", "a%20b", "b", "a/b.c"]
        for key in keys:
            source.put(key, key.encode())
        assert [self.stored(source, key) for key in keys] == [key.encode() for key in keys]

    def test_storages_are_apart(self, source: StoredObjects, other: StoredObjects) -> None:
        source.put("a", b"here")
        with pytest.raises(ObjectNotFound):
            other.objects.size(other.storage, "a")
        other.put("a", b"there")
        assert (self.stored(source, "a"), self.stored(other, "a")) == (b"here", b"there")

    def test_an_encoding_is_kept_and_the_bytes_as_they_are(self, source: StoredObjects) -> None:
        data = b"\x1f\x8b, but nothing unpacks it"
        source.put("peaks.gz", data, "gzip")
        source.put("plain.gz", data)
        assert self.stored(source, "peaks.gz") == self.stored(source, "plain.gz") == data
        assert self.encoding_of(source, "peaks.gz") == "gzip"
        assert self.encoding_of(source, "plain.gz") is None

    @pytest.mark.parametrize("name", ["nothing", "a folder"])
    def test_a_file_that_cannot_be_read_is_told_and_changes_nothing(
        self, source: StoredObjects, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "a folder").mkdir()
        source.put("a", b"old")
        for key in ("a", "b"):
            with pytest.raises(NotReadable):
                source.objects.put(source.storage, key, tmp_path / name)
        assert self.stored(source, "a") == b"old"
        with pytest.raises(ObjectNotFound):
            source.objects.size(source.storage, "b")

    def test_the_size_of_nothing_is_not_found(self, source: StoredObjects) -> None:
        with pytest.raises(ObjectNotFound):
            source.objects.size(source.storage, "no/such/object")

    def test_several_threads_store_at_once(self, source: StoredObjects) -> None:
        keys = [f"many/{number}" for number in range(20)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: source.put(key, key.encode() * 100), keys))
        assert [self.stored(source, key) for key in keys] == [key.encode() * 100 for key in keys]
