"""Small objects on the web are fetched by one thread, many at once; everything else goes its usual way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.errors import DiskFull, LinkExpired, Unavailable
from groundtruth.domain.policies import RetryPolicy
from groundtruth.ports.progress import Retrying
from groundtruth.ports.transfer import FetchOutcome, FetchRequest, FetchStatus
from groundtruth.ports.web import WebRequest
from groundtruth.testing.transfer import content, digest_of


class World:
    """An engine over a web, a site, and a folder to fetch to."""

    def __init__(self, root: Path, site: Any, read_timeout: float = 10.0) -> None:
        self.web = CurlWeb(8, connect_timeout=10.0, read_timeout=read_timeout)
        self.site = site
        self.incoming, self.folder = root / "incoming", root / "destination"
        self.progress = MemoryProgress()

    def engine(self, workers: int = 8, **options: Any) -> TransferEngine:
        settings: dict[str, Any] = {"clock": FakeClock(), "progress": self.progress, "incoming": self.incoming}
        return TransferEngine([HttpSource(self.web)], workers=workers, **(settings | options))

    def request(self, name: str, data: bytes, known: bool = True) -> FetchRequest:
        facts = (len(data), digest_of(data)) if known else (None, None)
        return FetchRequest(self.site.add(data, f"/{name}"), self.folder / name, name, *facts)

    def right(self, outcomes: list[FetchOutcome]) -> bool:
        """True if each object is where and what it should be, and nothing was left over."""
        assert {outcome.error for outcome in outcomes} == {None}
        assert not self.incoming.exists() or list(self.incoming.iterdir()) == []
        objects = self.site.objects
        return all((self.folder / one.request.key).read_bytes() == objects[f"/{one.request.key}"] for one in outcomes)


@pytest.fixture
def world(tmp_path: Path, site: Any) -> Iterator[World]:
    world = World(tmp_path, site)
    yield world
    world.web.close()


def transfer_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("transfer-")]


@pytest.mark.parametrize("known", [True, False])
def test_small_objects_need_no_thread(world: World, known: bool) -> None:
    requests = [world.request(str(n), content(n * 100, n), known) for n in range(100)]
    outcomes = []
    for outcome in world.engine(workers=7).fetch(requests):  # one connection less than the web has
        assert transfer_threads() == []
        outcomes.append(outcome)
    assert world.right(outcomes)
    assert len(outcomes) == 100
    assert world.site.most_open <= 7


def test_all_connections_are_used(world: World) -> None:
    together = threading.Barrier(7)  # one is left to those who wait

    def wait(handler: Any) -> None:
        together.wait(10)
        handler.serve()

    requests = [world.request(str(n), content(1000, n)) for n in range(21)]
    for request in requests:
        world.site.script(request.url, wait)
    assert world.right(list(world.engine(workers=8).fetch(requests)))
    assert world.site.connections == 7


def test_small_and_large_objects_together(world: World) -> None:
    requests = [world.request(str(n), content(600_000 if n % 5 == 0 else 2000, n), n % 2 == 0) for n in range(60)]
    assert world.right(list(world.engine().fetch(requests)))
    assert world.site.connections <= 8


def test_what_is_there_already_is_not_asked_for(world: World) -> None:
    requests = [world.request(str(n), content(1000, n)) for n in range(20)]
    list(world.engine().fetch(requests[:10]))
    seen = len(world.site.requests)
    outcomes = list(world.engine().fetch(requests))
    assert [outcome.status for outcome in outcomes].count(FetchStatus.PRESENT) == 10
    assert len(world.site.requests) == seen + 10


def test_trouble_is_left_to_the_threads(tmp_path: Path, site: Any) -> None:
    world = World(tmp_path, site, read_timeout=0.2)
    requests = [world.request(str(n), content(1000, n)) for n in range(60)]
    for number, request in enumerate(requests):
        match number % 6:
            case 0:
                world.site.answer(request.url, 503)
            case 1:
                world.site.cut(request.url, 500)
            case 2:
                world.site.cut(request.url, 500, reset=True)
            case 3:
                world.site.stall(request.url, 500 * (number % 2))
            case 4:
                world.site.answer(request.url, 200, {}, bytes(1000))
    assert world.right(list(world.engine().fetch(requests)))
    reasons = {event.reason for event in world.progress.of(Retrying)}
    assert {"HTTP 503 (service unavailable)", "broke off: truncated", "fell silent", "wrong bytes"} <= reasons
    assert len(world.progress.of(Retrying)) >= 50
    world.web.close()


def test_redirects_are_followed(world: World, other_site: Any) -> None:
    requests = [world.request(str(n), content(1000, n)) for n in range(20)]
    for number, request in enumerate(requests):
        target = other_site.add(content(1000, number), f"/{number}")
        world.site.answer(request.url, 302, {"Location": f"{target}?signature=1"})
    assert world.right(list(world.engine().fetch(requests)))
    assert len(other_site.requests) == 20


def test_errors_are_those_of_the_source(world: World) -> None:
    request = world.request("a", b"data")
    for status, kind in ((403, LinkExpired), (500, Unavailable)):
        world.site.answer(request.url, status)
        (outcome,) = world.engine(retry=RetryPolicy(max_attempts=1)).fetch([request])
        assert type(outcome.error) is kind


def test_who_takes_the_outcomes_may_use_the_web_meanwhile(world: World) -> None:
    requests = [world.request(str(n), content(1000, n)) for n in range(40)]
    url = world.site.add(b"page", "/page")

    def ask() -> bytes:
        answer = world.web.send(WebRequest("GET", url))
        try:
            return answer.read(100)
        finally:
            answer.close()

    def drawn() -> Iterator[FetchRequest]:
        for request in requests:
            assert ask() == b"page"
            yield request

    outcomes = []
    for outcome in world.engine(workers=32).fetch(drawn()):
        assert ask() == b"page"
        outcomes.append(outcome)
    assert world.right(outcomes)


def test_stopping_gives_the_connections_back(world: World) -> None:
    requests = [world.request(str(n), content(1000, n)) for n in range(100)]
    for _ in range(3):
        outcomes = world.engine().fetch(requests)
        next(iter(outcomes))
        outcomes.close()  # type: ignore[attr-defined]
    assert transfer_threads() == []
    assert world.right(list(world.engine(clock=SystemClock()).fetch(requests)))


def test_a_full_disk_stops_it(site: Any, device: Any) -> None:
    folder = device(size="200k")
    world = World(folder, site)
    requests = [world.request(str(n), content(50_000, n)) for n in range(30)]
    with pytest.raises(DiskFull):
        list(world.engine().fetch(requests))
    assert transfer_threads() == []
    world.web.close()
