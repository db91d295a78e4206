"""The engine and the HTTP source together, against a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.errors import Truncated, Unavailable
from groundtruth.domain.policies import RetryPolicy
from groundtruth.ports.progress import Retrying
from groundtruth.ports.transfer import FetchOutcome, FetchRequest, FetchStatus
from groundtruth.testing.transfer import content, digest_of

DATA = content(2_000_000)
STEADY = RetryPolicy(max_attempts=3, initial_wait=1.0, jitter=0.0)


class World:
    """An engine that fetches from the site."""

    def __init__(self, root: Path, source: HttpSource) -> None:
        self.incoming, self.folder = root / "incoming", root / "destination"
        self.folder.mkdir()
        self.clock, self.progress = FakeClock(), MemoryProgress()
        self.options: dict[str, Any] = {"clock": self.clock, "progress": self.progress, "retry": STEADY}
        self.source = source

    def engine(self, **options: Any) -> TransferEngine:
        return TransferEngine([self.source], **({"incoming": self.incoming} | self.options | options))

    def fetch(self, url: str, **options: Any) -> FetchOutcome:
        (outcome,) = self.engine(**options).fetch([FetchRequest(url, self.folder / "a", "a")])
        return outcome

    def fetched(self, outcome: FetchOutcome, data: bytes = DATA) -> bool:
        """True if that is what arrived, and nothing was left over."""
        assert outcome.error is None
        assert os.listdir(self.incoming) == []
        return (self.folder / "a").read_bytes() == data and outcome.digest == digest_of(data)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with CurlWeb(4, connect_timeout=2, read_timeout=0.1) as web:
        yield World(tmp_path, HttpSource(web))


def test_a_connection_that_ends_early_is_gone_on_with(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_000_000)
    assert world.fetched(world.fetch(url))
    first, second = site.seen(url)
    assert second.headers["if-range"] == site.etag(DATA)
    start = int(second.headers["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 1_000_000
    assert (first.sent, second.sent) == (1_000_000, len(DATA) - start)


def test_a_connection_that_is_reset_is_gone_on_with(world: World, site: Any) -> None:
    # How much arrives before a reset is up to the operating system: perhaps nothing.
    url = site.add(DATA)
    site.cut(url, 1_000_000, reset=True)
    assert world.fetched(world.fetch(url))
    assert len(site.seen(url)) == 2


def test_a_silent_connection_is_gone_on_with(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.stall(url, 1_000_000)
    assert world.fetched(world.fetch(url))
    assert site.seen(url)[1].sent < len(DATA)
    assert "silent" in world.progress.of(Retrying)[0].reason


def test_another_run_asks_for_the_rest_only(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_500_000)
    assert isinstance(world.fetch(url, retry=RetryPolicy(max_attempts=1)).error, Unavailable)
    (name,) = os.listdir(world.incoming)
    size = (world.incoming / name).stat().st_size
    assert world.fetched(world.fetch(url))
    assert site.seen(url)[1].sent == len(DATA) - size


def test_an_object_that_changed_meanwhile_is_fetched_whole(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_000_000)
    world.fetch(url, retry=RetryPolicy(max_attempts=1))
    changed = content(len(DATA), seed=1)
    site.objects[site.path(url)] = changed
    assert world.fetched(world.fetch(url), changed)


def test_a_server_that_ignores_ranges_sends_it_whole(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_000_000)
    site.answer(url, 200, {"ETag": site.etag(DATA)}, DATA)
    assert world.fetched(world.fetch(url))


def test_a_server_that_sends_another_part_is_asked_for_all(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_000_000)
    site.answer(url, 206, {"Content-Range": f"bytes 7-{len(DATA) - 1}/{len(DATA)}"}, DATA[7:])
    assert world.fetched(world.fetch(url))
    assert "range" not in site.seen(url)[2].headers


def test_a_server_without_tags_begins_again(world: World, site: Any) -> None:
    site.ranges = False
    url = site.add(DATA)
    site.answer(url, 200, {"Content-Length": str(len(DATA) + 5), "Connection": "close"}, DATA)
    assert world.fetched(world.fetch(url))
    assert "range" not in site.seen(url)[1].headers


def test_busy_servers_are_given_the_time_they_ask_for(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.answer(url, 429, {"Retry-After": "5"})
    site.answer(url, 503)
    assert world.fetched(world.fetch(url))
    assert sum(world.clock.sleeps) == pytest.approx(5.0 + 2.0)


def test_a_body_of_the_wrong_size_is_refused(world: World, site: Any) -> None:
    url = site.add(DATA)
    request = FetchRequest(url, world.folder / "a", "a", len(DATA) + 1)
    (outcome,) = world.engine().fetch([request])
    assert isinstance(outcome.error, Truncated)
    assert os.listdir(world.folder) == []


def test_an_expired_address_is_renewed_in_flight(world: World, site: Any) -> None:
    url = site.add(DATA)
    site.cut(url, 1_000_000)
    site.answer(url, 403)

    class Hub:
        def renew(self, url: str) -> str:
            return url.replace("old", "fresh")

    assert world.fetched(world.fetch(f"{url}?signature=old", renewer=Hub()))
    paths = [seen.path.partition("?")[2] for seen in site.seen(url)]
    assert paths == ["signature=old", "signature=old", "signature=fresh"]
    assert site.seen(url)[2].sent < len(DATA)


def test_connections_are_few_and_used_again(world: World, site: Any) -> None:
    requests = [FetchRequest(site.add(content(40_000, n)), world.folder / str(n), str(n)) for n in range(50)]
    engine = world.engine(workers=16, clock=SystemClock())
    assert {outcome.status for outcome in engine.fetch(requests)} == {FetchStatus.FETCHED}
    assert {outcome.status for outcome in engine.fetch(requests)} == {FetchStatus.FETCHED}
    assert site.connections <= 4
    assert site.most_open <= 4


def test_several_transfers_at_once_share_a_source(world: World, site: Any) -> None:
    urls = [site.add(content(40_000, n)) for n in range(20)]
    engine = world.engine(workers=4)
    rounds = [
        engine.fetch([FetchRequest(url, world.folder / f"{part}-{n}", str(n)) for n, url in enumerate(urls)])
        for part in range(3)
    ]
    for outcomes in zip(*rounds, strict=True):
        assert {outcome.error for outcome in outcomes} == {None}
