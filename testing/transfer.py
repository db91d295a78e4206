"""Contract suites of `ports.transfer`: subclass, say how to make the adapter and its objects, run pytest."""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ..domain.digest import Digest
from ..domain.errors import (
    DigestMismatch,
    DiskFull,
    NotWritable,
    ObjectNotFound,
    Truncated,
    Unavailable,
)
from ..ports.transfer import FetchOutcome, FetchRequest, FetchStatus, ObjectSource, ObjectTransfer

LARGE = 3 * 1024 * 1024 + 17
"""Bytes of an object that no transfer moves in one piece."""

LARGEST_CHUNK = 8 * 1024 * 1024
"""A piece of an object is never larger than this many bytes."""


def content(size: int, seed: int = 0) -> bytes:
    """Bytes that differ everywhere, so that a piece in the wrong place is noticed."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


def digest_of(data: bytes) -> Digest:
    """Digest of some bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


class ObjectTransferContract(abc.ABC):
    """What every transfer does."""

    ahead = 64
    """The transfer draws at most this many requests more than it has given outcomes."""

    @abc.abstractmethod
    def make_transfer(self, folder: Path) -> ObjectTransfer:
        """A new transfer; `folder` is one it may keep partial files in, on the file system of the destinations."""

    @abc.abstractmethod
    def add(self, transfer: ObjectTransfer, data: bytes) -> str:
        """Make an object that the transfer can fetch; return its URL."""

    @abc.abstractmethod
    def opened(self, transfer: ObjectTransfer, url: str) -> int:
        """How often the object was opened."""

    @abc.abstractmethod
    def cut(self, transfer: ObjectTransfer, url: str, size: int) -> None:
        """From now on reading the object breaks with `Unavailable` once `size` bytes have passed, or a bit later."""

    @abc.abstractmethod
    def mend(self, transfer: ObjectTransfer, url: str) -> None:
        """Undo `cut`."""

    @abc.abstractmethod
    def refusing(self, transfer: ObjectTransfer, full: bool) -> Path:
        """A folder that has no room (`full`), or that cannot be written to. Skip the test if that cannot be had."""

    # --- building blocks ----------------------------------------------------------------------------

    @pytest.fixture
    def transfer(self, tmp_path: Path) -> ObjectTransfer:
        return self.make_transfer(tmp_path / "incoming")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "destination"
        folder.mkdir()
        return folder

    def one(self, transfer: ObjectTransfer, request: FetchRequest) -> FetchOutcome:
        """Outcome of the only request."""
        (outcome,) = transfer.fetch([request])
        assert outcome.request == request
        return outcome

    # --- a destination appears whole or not at all ---------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 1000, LARGE])
    @pytest.mark.parametrize("known", [True, False])
    def test_an_object_is_fetched(self, transfer: ObjectTransfer, folder: Path, size: int, known: bool) -> None:
        data = content(size)
        facts = (size, digest_of(data)) if known else (None, None)
        outcome = self.one(transfer, FetchRequest(self.add(transfer, data), folder / "a", "a", *facts))
        path = folder / "a"
        assert path.read_bytes() == data
        assert outcome.status is FetchStatus.FETCHED
        assert outcome.error is None
        assert (outcome.size, outcome.digest) == (size, digest_of(data))
        assert outcome.mtime_ns == path.stat().st_mtime_ns
        assert list(folder.iterdir()) == [path]

    def test_missing_parent_folders_are_made(self, transfer: ObjectTransfer, folder: Path) -> None:
        path = folder / "deep" / "er" / "a"
        assert self.one(transfer, FetchRequest(self.add(transfer, b"a"), path, "a")).status is FetchStatus.FETCHED
        assert path.read_bytes() == b"a"

    @pytest.mark.parametrize("name", ["with blank", "größe 🐘", "%41", "-", "x" * 255, "a\nb"])
    def test_any_file_name_will_do(self, transfer: ObjectTransfer, folder: Path, name: str) -> None:
        outcome = self.one(transfer, FetchRequest(self.add(transfer, b"data"), folder / name, name))
        assert outcome.error is None
        assert (folder / name).read_bytes() == b"data"
        assert len(list(folder.iterdir())) == 1

    @pytest.mark.parametrize("size", [1000, LARGE])
    def test_a_broken_fetch_leaves_no_destination(self, transfer: ObjectTransfer, folder: Path, size: int) -> None:
        data = content(size)
        url = self.add(transfer, data)
        request = FetchRequest(url, folder / "a", "a", size, digest_of(data))
        self.cut(transfer, url, size // 2)
        outcome = self.one(transfer, request)
        assert outcome.status is FetchStatus.FAILED
        assert isinstance(outcome.error, Unavailable)
        assert not (folder / "a").exists()
        self.mend(transfer, url)
        assert self.one(transfer, request).status is FetchStatus.FETCHED
        assert (folder / "a").read_bytes() == data
        assert [path.name for path in folder.iterdir()] == ["a"]

    def test_a_broken_fetch_keeps_the_old_destination(self, transfer: ObjectTransfer, folder: Path) -> None:
        url = self.add(transfer, content(LARGE))
        (folder / "a").write_bytes(b"old")
        self.cut(transfer, url, LARGE // 2)
        assert self.one(transfer, FetchRequest(url, folder / "a", "a")).status is FetchStatus.FAILED
        assert (folder / "a").read_bytes() == b"old"

    # --- what is there already -----------------------------------------------------------------------

    def test_a_file_with_the_digest_is_kept(self, transfer: ObjectTransfer, folder: Path) -> None:
        url, path = self.add(transfer, b"data"), folder / "a"
        path.write_bytes(b"data")
        before = path.stat()
        outcome = self.one(transfer, FetchRequest(url, path, "a", 4, digest_of(b"data")))
        assert outcome.status is FetchStatus.PRESENT
        assert (outcome.size, outcome.digest, outcome.mtime_ns) == (4, digest_of(b"data"), before.st_mtime_ns)
        assert path.stat().st_ino == before.st_ino
        assert self.opened(transfer, url) == 0

    @pytest.mark.parametrize("size", [4, None])
    @pytest.mark.parametrize("old", [b"atad", b"longer than it"])
    def test_a_file_with_another_digest_is_replaced(
        self, transfer: ObjectTransfer, folder: Path, size: int | None, old: bytes
    ) -> None:
        (folder / "a").write_bytes(old)
        request = FetchRequest(self.add(transfer, b"data"), folder / "a", "a", size, digest_of(b"data"))
        assert self.one(transfer, request).status is FetchStatus.FETCHED
        assert (folder / "a").read_bytes() == b"data"

    def test_without_a_digest_the_size_decides(self, transfer: ObjectTransfer, folder: Path) -> None:
        url = self.add(transfer, b"data")
        for name, old in (("same", b"kept"), ("other", b"replaced")):
            (folder / name).write_bytes(old)
        outcomes = list(transfer.fetch([FetchRequest(url, folder / name, name, 4) for name in ("same", "other")]))
        assert {outcome.request.key: outcome.status for outcome in outcomes} == {
            "same": FetchStatus.PRESENT,
            "other": FetchStatus.FETCHED,
        }
        assert (folder / "same").read_bytes() == b"kept"
        assert (folder / "other").read_bytes() == b"data"

    def test_without_size_and_digest_it_is_replaced(self, transfer: ObjectTransfer, folder: Path) -> None:
        (folder / "a").write_bytes(b"atad")
        outcome = self.one(transfer, FetchRequest(self.add(transfer, b"data"), folder / "a", "a"))
        assert outcome.status is FetchStatus.FETCHED
        assert (folder / "a").read_bytes() == b"data"

    # --- what one request does wrong -----------------------------------------------------------------

    def test_wrong_bytes_are_refused(self, transfer: ObjectTransfer, folder: Path) -> None:
        url = self.add(transfer, b"data")
        outcome = self.one(transfer, FetchRequest(url, folder / "a", "a", 4, digest_of(b"atad")))
        assert outcome.status is FetchStatus.FAILED
        assert isinstance(outcome.error, DigestMismatch)
        assert (outcome.error.expected, outcome.error.actual) == (str(digest_of(b"atad")), str(digest_of(b"data")))
        assert not (folder / "a").exists()

    @pytest.mark.parametrize("size", [3, 5])
    def test_a_wrong_size_is_refused(self, transfer: ObjectTransfer, folder: Path, size: int) -> None:
        outcome = self.one(transfer, FetchRequest(self.add(transfer, b"data"), folder / "a", "a", size))
        assert outcome.status is FetchStatus.FAILED
        assert isinstance(outcome.error, Truncated)
        assert outcome.error.expected_size == size
        assert not (folder / "a").exists()

    def test_one_failure_stops_no_other(self, transfer: ObjectTransfer, folder: Path) -> None:
        urls = [self.add(transfer, content(50, number)) for number in range(20)]
        requests = [FetchRequest(url, folder / str(n), str(n)) for n, url in enumerate(urls)]
        requests.insert(10, FetchRequest(f"{urls[0]}-nothing-is-here", folder / "lost", "lost"))
        failed = [one for one in transfer.fetch(requests) if one.status is FetchStatus.FAILED]
        assert [one.request.key for one in failed] == ["lost"]
        assert isinstance(failed[0].error, ObjectNotFound)
        assert {path.name for path in folder.iterdir()} == {str(n) for n in range(20)}

    # --- what stops all of them ----------------------------------------------------------------------

    @pytest.mark.parametrize("full", [True, False])
    def test_a_device_that_refuses_stops_everything(self, transfer: ObjectTransfer, full: bool) -> None:
        folder = self.refusing(transfer, full)
        drawn = 0

        def requests() -> Iterator[FetchRequest]:
            nonlocal drawn
            for drawn in range(1, 1001):
                yield FetchRequest(url, folder / str(drawn), str(drawn))

        url = self.add(transfer, content(LARGE))
        with pytest.raises(DiskFull if full else NotWritable) as caught:
            list(transfer.fetch(requests()))
        assert caught.value.path
        assert drawn <= 2 * self.ahead

    # --- many at a time, and stopping ----------------------------------------------------------------

    def test_there_is_one_outcome_per_request(self, transfer: ObjectTransfer, folder: Path) -> None:
        url = self.add(transfer, b"data")
        keys = [str(number) for number in range(300)]
        outcomes = transfer.fetch(FetchRequest(url, folder / key, key) for key in keys)
        assert sorted(outcome.request.key for outcome in outcomes) == sorted(keys)
        assert len(list(folder.iterdir())) == 300

    def test_no_request_gives_no_outcome(self, transfer: ObjectTransfer) -> None:
        assert list(transfer.fetch([])) == []

    def test_requests_are_drawn_lazily(self, transfer: ObjectTransfer, folder: Path) -> None:
        drawn = 0

        def requests() -> Iterator[FetchRequest]:
            nonlocal drawn
            for drawn in range(1, 301):
                yield FetchRequest(url, folder / str(drawn), str(drawn))

        url = self.add(transfer, b"data")
        outcomes = transfer.fetch(requests())
        assert drawn == 0
        for taken, _ in enumerate(outcomes, 1):
            assert drawn <= taken + self.ahead
        assert drawn == 300

    def test_an_error_of_the_requests_is_raised(self, transfer: ObjectTransfer, folder: Path) -> None:
        def requests() -> Iterator[FetchRequest]:
            yield FetchRequest(url, folder / "a", "a")
            raise LookupError("no more requests")

        url = self.add(transfer, b"data")
        with pytest.raises(LookupError, match="no more requests"):
            list(transfer.fetch(requests()))

    def test_closing_early_leaves_only_whole_files(self, transfer: ObjectTransfer, folder: Path) -> None:
        data = content(LARGE)
        url = self.add(transfer, data)
        requests = [FetchRequest(url, folder / str(n), str(n), LARGE, digest_of(data)) for n in range(40)]
        outcomes = transfer.fetch(iter(requests))
        next(iter(outcomes))
        outcomes.close()  # type: ignore[attr-defined]  # every fetch is a generator
        found = [request.destination for request in requests if request.destination.exists()]
        assert 1 <= len(found) < 40
        assert all(path.read_bytes() == data for path in found)
        statuses = [outcome.status for outcome in transfer.fetch(requests)]
        assert statuses.count(FetchStatus.PRESENT) >= len(found)
        assert FetchStatus.FAILED not in statuses
        assert {path.name for path in folder.iterdir()} == {str(n) for n in range(40)}

    def test_a_transfer_can_be_used_again(self, transfer: ObjectTransfer, folder: Path) -> None:
        url = self.add(transfer, b"data")
        for name in ("a", "b"):
            assert self.one(transfer, FetchRequest(url, folder / name, name)).status is FetchStatus.FETCHED


class ObjectSourceContract(abc.ABC):
    """What every object source does."""

    resumes = True
    """The source can open an object in the middle."""

    @abc.abstractmethod
    def make_source(self, folder: Path) -> ObjectSource:
        """A new source; `folder` is one it may use."""

    @abc.abstractmethod
    def add(self, source: ObjectSource, data: bytes) -> str:
        """Make an object; return its URL."""

    @abc.abstractmethod
    def change(self, source: ObjectSource, url: str, data: bytes) -> None:
        """Put other bytes under a URL. Skip the test if an object of this source never changes."""

    @abc.abstractmethod
    def missing(self, source: ObjectSource) -> str:
        """URL of an object that does not exist."""

    # --- building blocks ----------------------------------------------------------------------------

    @pytest.fixture
    def source(self, tmp_path: Path) -> ObjectSource:
        return self.make_source(tmp_path / "source")

    def read(
        self, source: ObjectSource, url: str, start: int = 0, validator: str | None = None
    ) -> tuple[int, bytes, str | None]:
        """Start, bytes and validator of a stream."""
        stream = source.open(url, start, validator)
        try:
            chunks = list(stream.chunks())
            assert max(map(len, chunks), default=0) <= LARGEST_CHUNK
            data = b"".join(chunks)
            assert stream.size in {None, stream.start + len(data)}
            return stream.start, data, stream.validator
        finally:
            stream.close()

    # --- the contract -------------------------------------------------------------------------------

    def test_it_names_its_schemes(self, source: ObjectSource) -> None:
        assert source.schemes
        assert all(scheme == scheme.lower() and ":" not in scheme for scheme in source.schemes)
        assert self.add(source, b"data").partition(":")[0] in source.schemes

    @pytest.mark.parametrize("size", [0, 1, 1000, LARGE])
    def test_an_object_is_read(self, source: ObjectSource, size: int) -> None:
        data = content(size)
        start, found, _ = self.read(source, self.add(source, data))
        assert (start, found) == (0, data)

    @pytest.mark.parametrize("start", [1, 499, 999, 1000])
    def test_an_object_is_resumed(self, source: ObjectSource, start: int) -> None:
        data = content(1000)
        url = self.add(source, data)
        _, _, validator = self.read(source, url)
        if not self.resumes:
            assert validator is None
            return
        assert validator is not None
        begun, rest, again = self.read(source, url, start, validator)
        assert begun in ({start} if start < 1000 else {start, 0})
        assert rest == data[begun:]
        assert again == validator

    def test_a_changed_object_begins_again(self, source: ObjectSource) -> None:
        url = self.add(source, content(1000))
        _, _, validator = self.read(source, url)
        changed = content(1000, seed=1)
        self.change(source, url, changed)
        start, data, again = self.read(source, url, 500, validator)
        assert (start, data) == (0, changed)
        assert again is None or again != validator

    def test_an_object_that_got_shorter_begins_again(self, source: ObjectSource) -> None:
        url = self.add(source, content(1000))
        _, _, validator = self.read(source, url)
        self.change(source, url, b"short")
        assert self.read(source, url, 500, validator)[:2] == (0, b"short")

    def test_without_a_validator_it_begins_at_the_beginning(self, source: ObjectSource) -> None:
        data = content(1000)
        assert self.read(source, self.add(source, data), 500)[:2] == (0, data)

    def test_an_unknown_validator_begins_at_the_beginning(self, source: ObjectSource) -> None:
        data = content(1000)
        assert self.read(source, self.add(source, data), 500, '"another"')[:2] == (0, data)

    def test_what_does_not_exist_is_not_found(self, source: ObjectSource) -> None:
        with pytest.raises(ObjectNotFound):
            source.open(self.missing(source)).close()

    def test_a_stream_can_be_closed_at_any_time(self, source: ObjectSource) -> None:
        url = self.add(source, content(LARGE))
        source.open(url).close()
        stream = source.open(url)
        assert next(iter(stream.chunks()))
        stream.close()
        stream.close()

    def test_several_threads_read_at_once(self, source: ObjectSource) -> None:
        objects = [content(1000 + number, number) for number in range(20)]
        urls = [self.add(source, data) for data in objects]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda url: self.read(source, url)[1], urls * 3))
        assert found == objects * 3
