"""Small objects that come together: what is in the answer is put in place, everything else is asked for by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.adapters.transfer import OnDemand, TransferEngine
from groundtruth.adapters.transfer.bundles import LANES, PAUSE, SIZE, TRIES, Waiting
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.adapters.web.plain import RequestsWeb
from groundtruth.domain.bundle import GIVEN, MAX_BUNDLE, MAX_OBJECT, Frame, pack_frames
from groundtruth.domain.errors import DiskFull, ObjectNotFound
from groundtruth.domain.policies import RetryPolicy
from groundtruth.ports.progress import Advanced
from groundtruth.ports.transfer import FetchOutcome, FetchRequest, FetchStatus
from groundtruth.ports.web import WebRequest
from groundtruth.testing.transfer import content, digest_of
from groundtruth.testing.website import Asked, Connection, Hangup, Reply, Website

BUNDLES = "/bundles"
KEY = {"Authorization": "ApiKey s3cret"}


@attrs.define
class Hub:
    """A server of objects, alone and in bundles. `answer` answers for a bundle, by its frames."""

    objects: dict[str, bytes] = attrs.field(factory=dict)
    answer: Callable[[list[Frame]], Reply] = attrs.field(default=lambda frames: Reply(body=pack_frames(frames)))
    site: Website = attrs.field(init=False)
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        self.site = Website(self._answer)

    # --- the server ---------------------------------------------------------------------------------

    def _answer(self, asked: Asked, connection: Connection) -> Reply:
        if asked.target == BUNDLES:
            with self.lock:
                return self.answer([self.frame(name) for name in json.loads(asked.body)])
        data = self.objects.get(asked.target)
        return Reply(404) if data is None else Reply(body=data, headers=[("ETag", '"1"')])

    def frame(self, name: str) -> Frame:
        data = self.objects.get(name)
        return Frame(404) if data is None else Frame(GIVEN, "image/png", data)

    # --- what its client knows ----------------------------------------------------------------------

    def bundle_address(self, url: str) -> str | None:
        return self.site.root + BUNDLES if url.startswith(self.site.root) else None

    def bundle_request(self, address: str, urls: Sequence[str]) -> WebRequest:
        body = json.dumps([url.removeprefix(self.site.root) for url in urls]).encode()
        return WebRequest("POST", address, KEY, body)

    # --- what it was asked --------------------------------------------------------------------------

    @property
    def bundles(self) -> list[int]:
        """Sizes of the bundles that were asked for."""
        return [len(json.loads(asked.body)) for asked in self.site.asked if asked.target == BUNDLES]

    @property
    def alone(self) -> list[str]:
        """Objects that were asked for by themselves."""
        return [asked.target for asked in self.site.asked if asked.target != BUNDLES]


class World:
    """An engine that is given bundles."""

    def __init__(self, root: Path, connections: int = 8, web: Any = None) -> None:
        self.hub = Hub()
        self.web = web or CurlWeb(connections, read_timeout=10.0)
        self.folder, self.incoming = root / "destination", root / "incoming"
        self.progress = MemoryProgress()

    def engine(self, workers: int = 8, source: Any = None, **options: Any) -> TransferEngine:
        chosen: dict[str, Any] = {
            "clock": FakeClock(),
            "progress": self.progress,
            "incoming": self.incoming,
            "retry": RetryPolicy(3, 0.0, 0.0),
        }
        source = source or HttpSource(self.web, bundling=self.hub)
        return TransferEngine([source], workers=workers, **(chosen | options))

    def request(self, name: str, data: bytes | None, known: bool = True) -> FetchRequest:
        if data is not None:
            self.hub.objects[f"/{name}"] = data
        facts = (len(data), digest_of(data)) if known and data is not None else (None, None)
        return FetchRequest(f"{self.hub.site.root}/{name}", self.folder / name, name, *facts)

    def requests(self, count: int, known: bool = True) -> list[FetchRequest]:
        return [self.request(str(number), content(number * 3, number), known) for number in range(count)]

    def right(self, outcomes: list[FetchOutcome]) -> bool:
        """True if each object is where and what it should be, and nothing was left over."""
        assert [outcome.error for outcome in outcomes if outcome.error] == []
        assert not self.incoming.exists() or list(self.incoming.iterdir()) == []
        keys = [outcome.request.key for outcome in outcomes]
        return len(set(keys)) == len(keys) and all(
            (self.folder / key).read_bytes() == self.hub.objects[f"/{key}"] for key in keys
        )

    def close(self) -> None:
        self.web.close()
        self.hub.site.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("known", [True, False])
def test_small_objects_come_together(world: World, known: bool) -> None:
    outcomes = list(world.engine().fetch(world.requests(3 * SIZE + 5, known)))
    assert world.right(outcomes)
    assert (sorted(world.hub.bundles), world.hub.alone) == ([5, SIZE, SIZE, SIZE], [])
    assert {outcome.content_type for outcome in outcomes} == {"image/png"}
    assert {outcome.status for outcome in outcomes} == {FetchStatus.FETCHED}
    advanced = world.progress.of(Advanced)
    assert sorted(event.size for event in advanced) == sorted(outcome.size for outcome in outcomes)


def test_only_so_many_bundles_are_on_their_way(tmp_path: Path) -> None:
    world = World(tmp_path, connections=32)
    assert world.right(list(world.engine(32).fetch(world.requests(10 * SIZE))))
    assert world.hub.site.most_open <= LANES
    world.close()


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("connections", [1, 2, 3, 4])
def test_few_connections_suffice(tmp_path: Path, connections: int, workers: int) -> None:
    """Some of each bundle is refused, and some objects are large: threads and bundles want connections at once."""
    world = World(tmp_path, connections)
    numbers = iter(range(10**6))

    def some(frames: list[Frame]) -> Reply:
        return Reply(body=pack_frames(frame if next(numbers) % 3 else Frame(413) for frame in frames))

    world.hub.answer = some
    requests = world.requests(150)
    requests[::10] = [
        world.request(f"large{number}", content(400_000, number), number % 2 == 0) for number in range(15)
    ]
    assert world.right(list(world.engine(workers).fetch(iter(requests))))
    assert world.hub.site.most_open <= connections
    world.close()


@pytest.mark.parametrize("connections", [2, 4])
def test_who_draws_the_requests_holds_a_connection(tmp_path: Path, connections: int) -> None:
    """As a release does that is read while it comes."""
    world = World(tmp_path, connections)
    world.hub.objects["/release"] = bytes(3 << 20)
    requests = world.requests(200)
    answer = world.web.send(WebRequest("GET", f"{world.hub.site.root}/release"))

    def drawn() -> Iterator[FetchRequest]:
        pieces = answer.chunks()
        for request in requests:
            next(pieces, None)
            yield request

    assert world.right(list(world.engine(16).fetch(drawn())))
    answer.close()
    world.close()


def test_what_is_there_or_large_is_not_asked_for_together(world: World) -> None:
    requests = world.requests(40)
    list(world.engine().fetch(requests[:10]))
    large = world.request("large", content(MAX_OBJECT + 1, 7))
    outcomes = list(world.engine().fetch([*requests, large]))
    assert world.right(outcomes)
    assert world.hub.bundles == [10, 30]
    assert world.hub.alone == ["/large"]
    assert sum(outcome.status is FetchStatus.PRESENT for outcome in outcomes) == 10


def test_half_a_file_of_an_earlier_run_is_gone_on_with(world: World) -> None:
    request = world.request("a", content(300_000, 1), known=False)
    whole = world.hub.objects["/a"]
    world.hub.answer = lambda frames: Reply(404)
    world.hub.objects["/a"] = whole[:150_000]

    def cut(asked: Asked, connection: Connection) -> Reply:
        if asked.target == BUNDLES:
            return Reply(404)
        if "range" in asked.headers:
            extent = f"bytes 150000-{len(whole) - 1}/{len(whole)}"
            return Reply(206, [("ETag", '"1"'), ("Content-Range", extent)], whole[150_000:])
        return Reply(200, [("ETag", '"1"'), ("Content-Length", str(len(whole)))], whole, cut=150_000)

    world.hub.site._handler = cut
    (outcome,) = world.engine(retry=RetryPolicy(max_attempts=1)).fetch([request])
    assert outcome.error is not None
    bundles = len(world.hub.bundles)
    (outcome,) = world.engine().fetch([request])
    assert outcome.error is None
    assert (world.folder / "a").read_bytes() == whole
    assert len(world.hub.bundles) == bundles


# --- what goes wrong ----------------------------------------------------------------------------------


def hang_up(frames: list[Frame]) -> Reply:
    raise Hangup(reset=True)


def flipped(position: int) -> Callable[[list[Frame]], Reply]:
    def answer(frames: list[Frame]) -> Reply:
        body = bytearray(pack_frames(frames))
        body[position % len(body)] ^= 255
        return Reply(body=bytes(body))

    return answer


def shortened(frames: list[Frame]) -> Reply:
    body = pack_frames(frames)
    return Reply(body=body, cut=len(body) // 2)


TROUBLE: dict[str, Callable[[list[Frame]], Reply]] = {
    "unknown": lambda frames: Reply(404),
    "refused": lambda frames: Reply(403),
    "expired": lambda frames: Reply(401),
    "busy": lambda frames: Reply(503, [("Retry-After", "1")]),
    "moved": lambda frames: Reply(302, [("Location", "http://127.0.0.1:1/elsewhere")]),
    "partial": lambda frames: Reply(206, body=pack_frames(frames)),
    "empty": lambda frames: Reply(),
    "no frames": lambda frames: Reply(body=b"<html>Log in</html>"),
    "too few": lambda frames: Reply(body=pack_frames(frames[:-1])),
    "first missing": lambda frames: Reply(body=pack_frames(frames[1:])),
    "too many": lambda frames: Reply(body=pack_frames([*frames, frames[0]])),
    "something before": lambda frames: Reply(body=pack_frames([Frame(GIVEN, "", b"evil"), *frames])),
    "reversed": lambda frames: Reply(body=pack_frames(frames[::-1])),
    "cut in a frame": lambda frames: Reply(body=pack_frames(frames)[:-1]),
    "cut short": shortened,
    "reset": hang_up,
    "first byte": flipped(0),
    "last byte": flipped(-1),
    "size of a frame": flipped(5),
    "endless": lambda frames: Reply(body=bytes(MAX_BUNDLE + 1)),
    "millions of frames": lambda frames: Reply(body=bytes(MAX_BUNDLE - 4)),
    "longest label": lambda frames: Reply(body=b"\0\xc8\xff\xff" + bytes(8) + bytes(70_000)),
    "none given": lambda frames: Reply(body=pack_frames([Frame(413)] * len(frames))),
    "shorter": lambda frames: Reply(body=pack_frames(Frame(GIVEN, "", frame.content[:-1]) for frame in frames)),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_a_bundle_that_is_not_right_costs_only_time(world: World, kind: str) -> None:
    world.hub.answer = TROUBLE[kind]
    outcomes = list(world.engine().fetch(world.requests(2 * SIZE)))
    assert len(outcomes) == 2 * SIZE
    assert world.right(outcomes)
    assert all("authorization" not in asked.headers for asked in world.hub.site.asked if asked.target != BUNDLES)


def test_nothing_of_an_answer_with_too_many_or_too_few_is_believed(world: World) -> None:
    """Nothing is known of these objects, so that nothing would tell one from another."""
    for kind in ("too few", "first missing", "too many", "something before", "cut in a frame"):
        world.hub.answer = TROUBLE[kind]
        requests = [
            world.request(f"{kind.replace(' ', '-')}-{number}", content(50, number), known=False)
            for number in range(SIZE)
        ]
        assert world.right(list(world.engine().fetch(requests)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=3), st.integers(0, 3000), st.booleans()
)
def test_whatever_is_done_to_a_bundle(
    world: World, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: int, told: bool
) -> None:
    def answer(frames: list[Frame]) -> Reply:
        body = bytearray(pack_frames(frames))
        for position, change in changes:
            body[position % len(body)] ^= change
        return Reply(body=bytes(body), cut=cut) if told else Reply(body=bytes(body)[:cut])

    world.hub.answer = answer
    world.folder = tmp_path_factory.mktemp("whatever")
    assert world.right(list(world.engine().fetch(world.requests(12))))


def test_what_a_bundle_lacks_is_asked_for_by_itself(world: World) -> None:
    requests = [*world.requests(10), world.request("missing", None)]
    *found, missing = sorted(world.engine().fetch(requests), key=lambda outcome: outcome.error is not None)
    assert world.right(found)
    assert isinstance(missing.error, ObjectNotFound)
    assert world.hub.alone == ["/missing"]


def test_one_wrong_object_of_a_bundle(world: World) -> None:
    requests = world.requests(SIZE)

    def answer(frames: list[Frame]) -> Reply:
        return Reply(body=pack_frames([*frames[:9], Frame(GIVEN, "", b"evil"), *frames[10:]]))

    world.hub.answer = answer
    assert world.right(list(world.engine().fetch(requests)))
    assert world.hub.alone == ["/9"]


def test_bundles_that_give_little_are_left_alone_for_a_while(world: World) -> None:
    world.hub.answer = TROUBLE["unknown"]
    outcomes = list(world.engine().fetch(world.requests(1000)))
    assert world.right(outcomes)
    assert len(world.hub.bundles) <= LANES + 5  # the first was answered when the fifth was sent


def test_pauses_grow_while_nothing_comes_of_bundles() -> None:
    waiting: Waiting[int] = Waiting()

    def pause() -> int:
        paused = 0
        while waiting.is_paused():
            paused += 1
        return paused

    waiting.answered(10, 5)
    assert pause() == 0
    lengths = []
    for _ in range(9):
        waiting.answered(10, 6)
        lengths.append(pause())
    assert lengths == [32, 64, 128, 256, 512, 1024, 2048, 4096, 4096]
    waiting.answered(10, 0)
    waiting.answered(10, 10)
    assert pause() == PAUSE[0]


@pytest.mark.parametrize("kind", ["busy", "reset", "cut short", "cut in a frame", "too few", "endless"])
def test_bundle_that_does_not_come_is_asked_for_again(world: World, kind: str) -> None:
    answers = [TROUBLE[kind], TROUBLE[kind]]

    def answer(frames: list[Frame]) -> Reply:
        return answers.pop()(frames) if answers else Reply(body=pack_frames(frames))

    world.hub.answer = answer
    assert world.right(list(world.engine().fetch(world.requests(SIZE))))
    assert (world.hub.bundles, world.hub.alone) == ([SIZE] * TRIES, [])


@pytest.mark.parametrize(("kind", "tries"), [("unknown", 1), ("refused", 1), ("moved", 1), ("busy", 3), ("reset", 3)])
def test_bundle_is_asked_for_so_often(world: World, kind: str, tries: int) -> None:
    world.hub.answer = TROUBLE[kind]
    assert world.right(list(world.engine().fetch(world.requests(SIZE))))
    assert (len(world.hub.bundles), len(world.hub.alone)) == (tries, SIZE)


# --- how it ends --------------------------------------------------------------------------------------


def test_stopping_early_gives_the_connections_back(world: World) -> None:
    for _ in range(3):
        outcomes = world.engine().fetch(world.requests(6 * SIZE))
        next(iter(outcomes))
        outcomes.close()  # type: ignore[attr-defined]
        assert not world.incoming.exists() or list(world.incoming.iterdir()) == []
    # All of them are to be had: as many requests as there are connections can be under way at once.
    urls = [world.request("probe", b"probe").url] * 8
    answers = [world.web.send(WebRequest("GET", url)) for url in urls]
    for answer in answers:
        answer.close()
    assert world.right(list(world.engine().fetch(world.requests(6 * SIZE))))


def test_stopping_in_the_middle_of_a_bundle_writes_no_more(world: World) -> None:
    outcomes = world.engine().fetch(world.requests(SIZE))
    taken = [next(outcomes) for _ in range(3)]  # type: ignore[call-overload]
    outcomes.close()  # type: ignore[attr-defined]
    assert len(list(world.folder.iterdir())) == len(taken) == 3


def test_full_disk_ends_it(world: World, device: Callable[..., Path]) -> None:
    world.folder = device(size="64k") / "inside"
    world.incoming = world.folder / "incoming"
    requests = [world.request(str(number), content(9000, number)) for number in range(SIZE)]
    found = []
    with pytest.raises(DiskFull):
        for outcome in world.engine().fetch(requests):
            found.append(outcome)  # noqa: PERF402 - what came before the error counts
    assert 0 < len(found) < SIZE
    assert world.right(found)


def test_silence_ends(tmp_path: Path) -> None:
    world = World(tmp_path, web=CurlWeb(8, read_timeout=0.2))

    def silent(frames: list[Frame]) -> Reply:
        world.hub.site.released.wait(10)
        return Reply()

    world.hub.answer = silent
    assert world.right(list(world.engine().fetch(world.requests(SIZE))))
    world.close()


def test_a_web_that_cannot_be_asked_ahead_gets_no_bundles(tmp_path: Path) -> None:
    world = World(tmp_path, web=RequestsWeb(8))
    assert world.right(list(world.engine().fetch(world.requests(20))))
    assert world.hub.bundles == []
    world.close()


def test_source_on_demand(world: World) -> None:
    source = OnDemand({"http"}, lambda: HttpSource(world.web, bundling=world.hub))
    assert world.right(list(world.engine(source=source).fetch(world.requests(SIZE))))
    assert world.hub.bundles == [SIZE]


def test_source_on_demand_without_bundles(world: World) -> None:
    source = OnDemand({"http"}, lambda: HttpSource(world.web))
    assert world.right(list(world.engine(source=source).fetch(world.requests(20))))
    assert world.hub.bundles == []


def test_key_goes_to_the_bundles_address_and_no_further(world: World, other_site: Any) -> None:
    url = other_site.add(b"elsewhere", "/x")
    world.hub.answer = lambda frames: Reply(307, [("Location", url)])
    assert world.right(list(world.engine().fetch(world.requests(5))))
    assert other_site.requests == []
