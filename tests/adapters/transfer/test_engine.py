"""The engine with sources that live in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.memory import FakeClock, MemoryProgress, MemorySource
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.fetcher import SMALL
from groundtruth.domain.errors import (
    AccessDenied,
    DigestMismatch,
    DiskFull,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    NotWritable,
    ObjectNotFound,
    StorageError,
    Truncated,
    Unavailable,
)
from groundtruth.domain.policies import RetryPolicy
from groundtruth.ports.progress import Advanced, Retrying, Transferred
from groundtruth.ports.transfer import FetchOutcome, FetchRequest, FetchStatus
from groundtruth.testing.transfer import ObjectTransferContract, content, digest_of

STEADY = RetryPolicy(max_attempts=4, initial_wait=1.0, max_wait=30.0, jitter=0.0)
BROKEN = Unavailable("the store", "hung up")
DATA = content(SMALL + 1000)


class TestEngine(ObjectTransferContract):
    ahead = 8

    @pytest.fixture(autouse=True)
    def _world(self, device: Callable[..., Path]) -> None:
        self.source = MemorySource()
        self.device: Any = device

    def make_transfer(self, folder: Path) -> TransferEngine:
        return TransferEngine(
            [self.source],
            clock=FakeClock(),
            progress=MemoryProgress(),
            retry=RetryPolicy(max_attempts=2),
            workers=4,
            incoming=folder,
        )

    def add(self, transfer: object, data: bytes) -> str:
        return self.source.add(data)

    def opened(self, transfer: object, url: str) -> int:
        return self.source.opened.count(url)

    def cut(self, transfer: object, url: str, size: int) -> None:
        chunk = self.source.chunk_size
        self.source.faults.fail_when("chunk", lambda at, offset: at == url and offset + chunk > size, BROKEN)

    def mend(self, transfer: object, url: str) -> None:
        self.source.faults.clear()

    def refusing(self, transfer: object, full: bool) -> Path:
        folder = self.device()
        if not full:
            self.device.freeze(folder)
        return folder


class TestEngineWithoutIncomingFolder(TestEngine):
    def make_transfer(self, folder: Path) -> TransferEngine:
        return TransferEngine(
            [self.source],
            clock=FakeClock(),
            progress=MemoryProgress(),
            retry=RetryPolicy(max_attempts=2),
            workers=4,
            incoming=None,
        )


class World:
    """An engine, what it is made of, and a folder to fetch to."""

    def __init__(self, root: Path, source: Any) -> None:
        self.incoming = root / "incoming"
        self.folder = root / "destination"
        self.folder.mkdir()
        self.source = source
        self.clock = FakeClock()
        self.progress = MemoryProgress()

    def engine(self, **options: Any) -> TransferEngine:
        settings = {
            "clock": self.clock,
            "progress": self.progress,
            "retry": STEADY,
            "workers": 2,
            "incoming": self.incoming,
        }
        return TransferEngine([self.source], **(settings | options))

    def fetch(self, url: str = "test:a", name: str = "a", **options: Any) -> FetchOutcome:
        facts = {fact: options.pop(fact) for fact in ("size", "digest") if fact in options}
        (outcome,) = self.engine(**options).fetch([FetchRequest(url, self.folder / name, name, **facts)])
        return outcome

    def left(self) -> list[str]:
        """Names of partial files."""
        return sorted(os.listdir(self.incoming)) if self.incoming.exists() else []


@pytest.fixture
def world(tmp_path: Path, scripted: Any) -> World:
    return World(tmp_path, scripted)


def transfer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("transfer-")]


# --- trying again ------------------------------------------------------------------------------------


def test_what_is_unavailable_is_tried_again(world: World, reply: Any) -> None:
    busy = Unavailable("the store", "is busy", 503)
    world.source.script = [busy, busy, reply([b"data"])]
    assert world.fetch().status is FetchStatus.FETCHED
    assert sum(world.clock.sleeps) == pytest.approx(3.0)
    assert [(event.attempt, event.wait) for event in world.progress.of(Retrying)] == [(1, 1.0), (2, 2.0)]
    assert {(event.key, event.reason) for event in world.progress.of(Retrying)} == {
        ("a", "HTTP 503 (service unavailable)")
    }


def test_retry_after_is_honoured_up_to_the_longest_wait(world: World, reply: Any) -> None:
    world.source.script = [Unavailable(retry_after=7.0), Unavailable(retry_after=3600.0), reply([b"data"])]
    assert world.fetch().status is FetchStatus.FETCHED
    assert sum(world.clock.sleeps) == pytest.approx(37.0)


def test_after_the_last_attempt_the_error_is_the_outcome(world: World) -> None:
    world.source.script = [Unavailable(status=500 + number) for number in range(4)]
    outcome = world.fetch()
    assert outcome.status is FetchStatus.FAILED
    assert isinstance(outcome.error, Unavailable)
    assert outcome.error.status == 503
    assert len(world.progress.of(Retrying)) == 3
    assert world.progress.of(Advanced) == []


@pytest.mark.parametrize(
    "error",
    [
        ObjectNotFound("object", "a"),
        AccessDenied(),
        InvalidInput("address"),
        IntegrityError("a"),
        Truncated("a copy that the source knows to be damaged"),
        DigestMismatch("a copy that the source knows to be damaged"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_not_get_better_is_not_tried_again(world: World, error: Exception) -> None:
    world.source.script = [error]
    assert world.fetch().error is error
    assert world.clock.sleeps == []


def test_the_wrong_bytes_are_fetched_once_more_from_scratch(world: World, reply: Any) -> None:
    wrong = content(len(DATA), seed=1)
    world.source.script = [reply([wrong], validator='"1"'), reply([DATA], validator='"1"')]
    assert world.fetch(digest=digest_of(DATA)).status is FetchStatus.FETCHED
    assert [start for _, start, _ in world.source.opened] == [0, 0]
    assert (world.folder / "a").read_bytes() == DATA
    world.source.script = [*(reply([wrong]) for _ in range(3)), reply([DATA])]
    assert isinstance(world.fetch(name="b", digest=digest_of(DATA)).error, DigestMismatch)
    assert world.left() == []


def test_the_policy_may_forbid_even_that(world: World, reply: Any) -> None:
    world.source.script = [reply([b"atad"])]
    outcome = world.fetch(digest=digest_of(b"data"), retry=RetryPolicy(max_attempts=1))
    assert isinstance(outcome.error, DigestMismatch)


# --- resuming ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_broken_stream_goes_on_where_it_stopped(world: World, reply: Any, known: bool) -> None:
    size = len(DATA) if known else None
    world.source.script = [
        reply([DATA[:1000], DATA[1000:5000]], size=size, validator='"1"', error=BROKEN),
        reply([], start=5000, size=size, validator='"1"', error=BROKEN),
        reply([DATA[5000:]], start=5000, size=size, validator='"1"'),
    ]
    outcome = world.fetch(digest=digest_of(DATA))
    assert outcome.digest == digest_of(DATA)
    assert world.source.opened == [("test:a", 0, None), ("test:a", 5000, '"1"'), ("test:a", 5000, '"1"')]
    assert (world.folder / "a").read_bytes() == DATA
    assert world.left() == []


def test_a_stream_that_ends_early_without_an_error_goes_on(world: World, reply: Any) -> None:
    world.source.script = [
        reply([DATA[:5000]], size=len(DATA), validator='"1"'),
        reply([DATA[5000:]], start=5000, size=len(DATA), validator='"1"'),
    ]
    assert world.fetch().digest == digest_of(DATA)


def test_a_stream_that_always_ends_early_is_truncated(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA[:5000]], size=len(DATA)) for _ in range(4)]
    error = world.fetch().error
    assert isinstance(error, Truncated)
    assert (error.expected_size, error.actual_size) == (len(DATA), 5000)


def test_more_bytes_than_announced_are_refused(world: World, reply: Any) -> None:
    for size in (100, len(DATA)):
        data = content(size)
        world.source.script = [reply([data, b"more"], size=size, validator='"1"') for _ in range(4)]
        error = world.fetch().error
        assert isinstance(error, Truncated)
        assert error.actual_size > error.expected_size == size
        assert {start for _, start, _ in world.source.opened} == {0}
    assert world.left() == []


def test_without_a_validator_it_begins_again(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA[:5000]], size=len(DATA), error=BROKEN), reply([DATA], size=len(DATA))]
    assert world.fetch().digest == digest_of(DATA)
    assert world.source.opened == [("test:a", 0, None)] * 2


def test_an_object_that_changed_meanwhile_begins_again(world: World, reply: Any) -> None:
    changed = content(len(DATA), seed=1)
    world.source.script = [
        reply([DATA[:5000]], size=len(DATA), validator='"1"', error=BROKEN),
        reply([changed[:7000]], size=len(DATA), validator='"2"', error=BROKEN),
        reply([changed[7000:]], start=7000, size=len(DATA), validator='"2"'),
    ]
    assert world.fetch().digest == digest_of(changed)
    assert [validator for _, _, validator in world.source.opened] == [None, '"1"', '"2"']


def test_a_source_that_goes_on_elsewhere_is_refused(world: World, reply: Any) -> None:
    world.source.script = [
        reply([DATA[:5000]], size=len(DATA), validator='"1"', error=BROKEN),
        reply([DATA[4000:]], start=4000, size=len(DATA), validator='"1"'),
        reply([DATA], size=len(DATA), validator='"1"'),
    ]
    assert world.fetch().digest == digest_of(DATA)
    assert [start for _, start, _ in world.source.opened] == [0, 5000, 0]


def test_another_run_goes_on_where_this_one_gave_up(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA[:5000]], validator='"1"', error=BROKEN)]
    assert isinstance(world.fetch(retry=RetryPolicy(max_attempts=1)).error, Unavailable)
    (name,) = world.left()
    assert len(os.fsencode(name)) <= 255
    world.source.script = [reply([DATA[5000:]], start=5000, validator='"1"')]
    outcome = world.fetch()
    assert (outcome.digest, outcome.size) == (digest_of(DATA), len(DATA))
    assert world.source.opened[1] == ("test:a", 5000, '"1"')
    assert world.left() == []


def test_without_a_digest_another_address_begins_at_the_beginning(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA[:5000]], validator='"1"', error=BROKEN), reply([DATA], validator='"1"')]
    world.fetch("test:a?id=1", retry=RetryPolicy(max_attempts=1))
    assert world.fetch("test:a?id=2").digest == digest_of(DATA)
    assert world.source.opened[1] == ("test:a?id=2", 0, None)


def test_with_a_digest_any_address_will_do(world: World, reply: Any) -> None:
    world.source.script = [
        reply([DATA[:5000]], validator='"1"', error=BROKEN),
        reply([DATA[5000:]], start=5000, validator='"1"'),
    ]
    world.fetch("test:a?signature=1", digest=digest_of(DATA), retry=RetryPolicy(max_attempts=1))
    assert world.fetch("test:a?signature=2", digest=digest_of(DATA)).status is FetchStatus.FETCHED
    assert world.source.opened[1][1] == 5000


def test_bytes_that_are_all_here_are_not_fetched_again(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA], validator='"1"', error=BROKEN)]
    world.fetch(digest=digest_of(DATA), retry=RetryPolicy(max_attempts=1))
    assert len(world.left()) == 1
    assert world.fetch(digest=digest_of(DATA)).status is FetchStatus.FETCHED
    assert len(world.source.opened) == 1
    assert (world.folder / "a").read_bytes() == DATA


def test_a_damaged_partial_file_is_found_out_and_begun_again(world: World, reply: Any) -> None:
    world.source.script = [reply([DATA[:5000]], validator='"1"', error=BROKEN)]
    world.fetch(digest=digest_of(DATA), retry=RetryPolicy(max_attempts=1))
    (name,) = world.left()
    (world.incoming / name).write_bytes(bytes(5000))
    world.source.script = [reply([DATA[5000:]], start=5000, validator='"1"'), reply([DATA], validator='"1"')]
    assert world.fetch(digest=digest_of(DATA)).status is FetchStatus.FETCHED
    assert (world.folder / "a").read_bytes() == DATA


def test_a_validator_that_fits_into_no_file_name_resumes_in_one_run_only(world: World, reply: Any) -> None:
    long = f'"{"x" * 500}"'
    world.source.script = [
        reply([DATA[:5000]], validator=long, error=BROKEN),
        reply([DATA[5000:6000]], start=5000, validator=long, error=BROKEN),
    ]
    world.fetch(retry=RetryPolicy(max_attempts=2))
    assert world.source.opened[1][1:] == (5000, long)
    assert world.left() == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(0, 3000) | st.integers(SMALL - 3, SMALL + 3) | st.integers(SMALL, SMALL + 200_000),
    chunk=st.integers(1, 3000) | st.integers(60_000, 400_000),
    cuts=st.lists(st.floats(0, 1), max_size=3),
    known=st.booleans(),
    new_run=st.booleans(),
)
def test_however_it_is_cut_it_is_put_together(
    tmp_path_factory: pytest.TempPathFactory, size: int, chunk: int, cuts: list[float], known: bool, new_run: bool
) -> None:
    data = content(size)
    source = MemorySource(chunk_size=max(chunk, size // 200))
    world = World(tmp_path_factory.mktemp("world"), source)
    url = source.add(data)
    for cut in cuts:
        offset = int(cut * size) // source.chunk_size * source.chunk_size
        source.faults.fail_when("chunk", lambda _, at, offset=offset: at >= offset, BROKEN, times=1)
    retry = RetryPolicy(max_attempts=1 if new_run else 5)
    facts: dict[str, Any] = {"size": size, "digest": digest_of(data)} if known else {}
    for _ in range(len(cuts) + 1):
        outcome = world.fetch(url, retry=retry, **facts)
    assert outcome.error is None
    assert outcome.size == size
    assert (world.folder / "a").read_bytes() == data
    assert world.left() == []


# --- addresses that expire ---------------------------------------------------------------------------


class Renewer:
    """Adds a number to an address, after raising what it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []

    def renew(self, url: str) -> str:
        self.asked.append(url)
        if self.errors:
            raise self.errors.pop(0)
        return f"{url}#{len(self.asked)}"


def test_an_expired_address_is_renewed_at_once(world: World, reply: Any) -> None:
    renewer = Renewer()
    world.source.script = [
        LinkExpired("a"),
        reply([DATA[:5000]], validator='"1"', error=BROKEN),
        LinkExpired("a"),
        reply([DATA[5000:]], start=5000, validator='"1"'),
    ]
    assert world.fetch(renewer=renewer).digest == digest_of(DATA)
    assert renewer.asked == ["test:a", "test:a"]
    assert [(url, start) for url, start, _ in world.source.opened] == [
        ("test:a", 0),
        ("test:a#1", 0),
        ("test:a#1", 5000),
        ("test:a#2", 5000),
    ]
    assert [event.wait for event in world.progress.of(Retrying)] == [0.0, 1.0, 0.0]


def test_without_a_renewer_an_expired_address_is_a_failure(world: World) -> None:
    world.source.script = [LinkExpired("a")]
    assert isinstance(world.fetch().error, LinkExpired)


def test_fresh_addresses_that_never_work_are_believed_in_the_end(world: World) -> None:
    renewer = Renewer()
    world.source.script = [LinkExpired("a")] * 3
    assert isinstance(world.fetch(renewer=renewer).error, LinkExpired)
    assert len(renewer.asked) == 2


def test_a_fresh_address_may_be_refused_once(world: World, reply: Any) -> None:
    world.source.script = [LinkExpired("a"), LinkExpired("a"), reply([b"data"])]
    assert world.fetch(renewer=Renewer()).status is FetchStatus.FETCHED
    assert sum(world.clock.sleeps) > 0


def test_an_address_that_expires_before_its_first_byte_is_no_use(world: World, reply: Any) -> None:
    late = [reply([], validator='"1"', error=LinkExpired("a")) for _ in range(9)]
    world.source.script = [LinkExpired("a"), *late]
    renewer = Renewer()
    assert isinstance(world.fetch(renewer=renewer).error, LinkExpired)
    assert len(renewer.asked) == 2


def test_a_renewer_that_is_unavailable_is_asked_again(world: World, reply: Any) -> None:
    world.source.script = [LinkExpired("a"), reply([b"data"])]
    renewer = Renewer(Unavailable("the hub", "is busy", 503))
    assert world.fetch(renewer=renewer).status is FetchStatus.FETCHED
    assert len(renewer.asked) == 2
    assert sum(world.clock.sleeps) == pytest.approx(1.0)


def test_a_renewer_that_does_not_know_the_object_decides(world: World) -> None:
    world.source.script = [LinkExpired("a")]
    assert isinstance(world.fetch(renewer=Renewer(ObjectNotFound("object", "a"))).error, ObjectNotFound)


# --- stopping ----------------------------------------------------------------------------------------


class Endless:
    """Serves objects that come slowly and never end, and one that is short."""

    schemes = frozenset({"test"})

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.stop = threading.Event()
        self.flowing = threading.Event()

    def open(self, url: str, start: int = 0, validator: str | None = None) -> Any:
        return self.reply([b"data"] if url == "test:short" else self.flow(), validator='"1"')

    def flow(self) -> Iterator[bytes]:
        yield DATA
        while not self.stop.wait(0.001):
            self.flowing.set()
            yield DATA


@pytest.mark.parametrize("end", ["close", "interrupt", "forget"])
def test_stopping_leaves_no_thread_and_what_can_be_resumed(tmp_path: Path, reply: Any, end: str) -> None:
    source = Endless(reply)
    world = World(tmp_path, source)
    names = ["long", "short", *map(str, range(10))]
    requests = [FetchRequest(f"test:{name}", world.folder / name, name) for name in names]
    outcomes = world.engine(workers=4).fetch(requests)
    assert next(iter(outcomes)).request.key == "short"
    assert source.flowing.wait(10)
    try:
        if end == "interrupt":
            with pytest.raises(KeyboardInterrupt):
                outcomes.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
        elif end == "close":
            outcomes.close()  # type: ignore[attr-defined]
        del outcomes
        assert transfer_threads() == []
    finally:
        source.stop.set()
    assert os.listdir(world.folder) == ["short"]
    assert world.left()
    assert all(name.endswith(".part") for name in world.left())


def test_waiting_for_another_try_ends_when_the_transfer_does(world: World, reply: Any) -> None:
    world.source.script = [Unavailable(retry_after=30.0)] * 2 + [reply([b"data"])]
    waiting = threading.Semaphore(0)

    class Waiting(MemoryProgress):
        def report(self, event: object) -> None:
            if isinstance(event, Retrying):
                waiting.release()

    def requests() -> Iterator[FetchRequest]:
        for name in "ab":
            yield FetchRequest(f"test:{name}", world.folder / name, name)
        assert waiting.acquire(timeout=10)
        assert waiting.acquire(timeout=10)
        yield FetchRequest("test:c", world.folder / "c", "c")
        raise LookupError

    with pytest.raises(LookupError):
        list(world.engine(clock=SystemClock(), progress=Waiting(), workers=3).fetch(requests()))
    assert transfer_threads() == []


def test_a_mistake_in_a_source_is_not_swallowed(world: World) -> None:
    world.source.script = [ZeroDivisionError("a mistake")]
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        world.fetch()
    assert transfer_threads() == []


# --- what is at the destination -----------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [DATA, b"something else"])
def test_the_first_of_two_processes_to_publish_wins(world: World, reply: Any, theirs: bytes) -> None:
    path = world.folder / "a"
    world.source.script = [reply([DATA], before=lambda: path.write_bytes(theirs))]
    outcome = world.fetch()
    assert outcome.status is FetchStatus.FETCHED
    assert path.read_bytes() == DATA
    assert outcome.mtime_ns == path.stat().st_mtime_ns
    assert world.left() == []


def test_a_folder_in_its_place_fails_that_request_only(world: World, reply: Any) -> None:
    (world.folder / "a" / "inside").mkdir(parents=True)
    world.source.script = [reply([b"data"]), reply([b"data"])]
    outcome = world.fetch(size=4)
    assert isinstance(outcome.error, StorageError)
    assert outcome.error.path == str(world.folder / "a")
    assert world.fetch(name="b").status is FetchStatus.FETCHED
    assert world.left() == []


@pytest.mark.parametrize("name", ["x" * 256, "file/below"])
def test_a_name_that_cannot_be_made_fails_that_request_only(world: World, reply: Any, name: str) -> None:
    (world.folder / "file").write_bytes(b"")
    world.source.script = [reply([b"data"])]
    error = world.fetch(name=name).error
    assert isinstance(error, StorageError)
    assert not isinstance(error, DiskFull | NotWritable)
    assert world.left() == []


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_is_none_fails_that_request_only(world: World, name: str) -> None:
    assert isinstance(world.fetch(name=name).error, InvalidInput)


def test_a_link_is_replaced_not_followed(world: World, reply: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"keep me")
    (world.folder / "a").symlink_to(outside)
    world.source.script = [reply([b"data"])]
    assert world.fetch().status is FetchStatus.FETCHED
    assert outside.read_bytes() == b"keep me"
    assert not (world.folder / "a").is_symlink()


def test_files_get_the_usual_permissions(world: World, reply: Any) -> None:
    old = os.umask(0o027)
    try:
        world.source.script = [reply([b"data"])]
        world.fetch()
    finally:
        os.umask(old)
    assert (world.folder / "a").stat().st_mode & 0o777 == 0o640


# --- events ------------------------------------------------------------------------------------------


def test_a_file_that_takes_a_while_reports_a_few_times(world: World, reply: Any) -> None:
    chunks = [DATA[start : start + 10_000] for start in range(0, len(DATA), 10_000)]
    world.source.script = [reply(chunks, size=len(DATA), before=lambda: world.clock.advance(0.05))]
    world.fetch()
    events = world.progress.of(Transferred)
    assert len(chunks) / 5 <= len(events) <= len(chunks) / 4 + 1
    assert sum(event.size for event in events) == len(DATA)
    assert {(event.task, event.key, event.total) for event in events} == {("download", "a", len(DATA))}


def test_small_files_are_only_counted(world: World, reply: Any) -> None:
    (world.folder / "b").write_bytes(b"data")
    world.source.script = [reply([b"data"])]
    world.fetch(size=4, task="pull")
    world.fetch(name="b", size=4, task="pull")
    assert world.progress.events == [Advanced("pull", 1, 4), Advanced("pull", 1, 0)]


# --- construction -------------------------------------------------------------------------------------


def test_an_address_that_no_source_serves_is_an_outcome(world: World) -> None:
    error = world.fetch("ftp://host/a").error
    assert isinstance(error, InvalidInput)
    assert "ftp" in error.message
    assert "test" in error.remedy


def test_two_sources_for_one_scheme_are_refused() -> None:
    with pytest.raises(InvalidInput, match="memory"):
        TransferEngine([MemorySource(), MemorySource()], clock=FakeClock(), progress=MemoryProgress(), incoming=None)


def test_no_workers_are_refused(world: World) -> None:
    with pytest.raises(InvalidInput):
        world.engine(workers=0)
