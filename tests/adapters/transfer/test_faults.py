"""Three hundred objects through a network that fails all the time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.memory import MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.adapters.web.plain import RequestsWeb
from groundtruth.domain.errors import LinkExpired
from groundtruth.domain.policies import RetryPolicy
from groundtruth.ports.progress import Retrying
from groundtruth.ports.transfer import FetchRequest, FetchStatus
from groundtruth.testing.transfer import content, digest_of
from groundtruth.testing.website import Asked, Connection, Reply, Website
from support.proxy import FAULTS, FaultyProxy

COUNT = 300
PATIENT = RetryPolicy(max_attempts=20, initial_wait=0.01, max_wait=0.05)
TROUBLE = dict.fromkeys(FAULTS, 0.05)


def data_of(number: int) -> bytes:
    """Most objects are small, some are not."""
    return content(600_000 + number if number % 15 == 0 else 500 + 40 * number, number)


def serve(asked: Asked, connection: Connection) -> Reply:
    """A store that can be asked for the rest of an object."""
    data = data_of(int(asked.target[1:].partition("?")[0]))
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    wanted = asked.headers.get("range")
    if wanted and asked.headers.get("if-range") == etag:
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        headers = [("ETag", etag), ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")]
        return Reply(206, headers, data[start:])
    return Reply(200, [("ETag", etag), ("Content-Type", "image/jpeg")], data)


class Renewer:
    """Gives a new address for each that is refused, though it is the same object."""

    def renew(self, url: str) -> str:
        return f"{url}?renewed"


@pytest.fixture
def site() -> Iterator[Website]:
    with Website(serve) as site:
        yield site


@pytest.fixture(params=[CurlWeb, RequestsWeb])
def web(request: pytest.FixtureRequest) -> Iterator[CurlWeb | RequestsWeb]:
    with request.param(16, connect_timeout=10.0, read_timeout=0.3) as web:
        yield web


@pytest.mark.parametrize("seed", [1, 2])
def test_every_object_arrives_as_it_is(site: Website, web: CurlWeb | RequestsWeb, tmp_path: Path, seed: int) -> None:
    progress = MemoryProgress()
    incoming, folder = tmp_path / "incoming", tmp_path / "out"
    with FaultyProxy("127.0.0.1", site.port, TROUBLE, seed) as proxy:
        engine = TransferEngine(
            [HttpSource(web)],
            clock=SystemClock(),
            progress=progress,
            retry=PATIENT,
            workers=16,
            incoming=incoming,
            renewer=Renewer(),
        )
        wanted = {
            str(n): FetchRequest(f"{proxy.root}/{n}", folder / str(n), str(n), None, digest_of(data_of(n)))
            for n in range(COUNT)
        }
        pending = dict(wanted)
        for _ in range(5):  # what was wrong twice, or refused though renewed, is left to the next run
            for outcome in engine.fetch(list(pending.values())):
                if outcome.status is not FetchStatus.FAILED:
                    del pending[outcome.request.key]
                else:
                    assert outcome.error is not None
            if not pending:
                break
        injected, peak = proxy.injected, proxy.peak_connections
    assert pending == {}
    assert sorted(path.name for path in folder.iterdir()) == sorted(wanted)
    assert list(incoming.iterdir()) == []
    for number in range(COUNT):
        assert (folder / str(number)).read_bytes() == data_of(number)
    assert set(injected) >= set(FAULTS) - {"whole"}
    assert sum(injected.values()) > COUNT // 4
    assert peak <= 16 + 4  # the proxy hears of the end of a connection a bit later
    reasons = {event.reason for event in progress.of(Retrying)}
    assert {
        "HTTP 429 (too many requests)",
        "HTTP 500 (internal server error)",
        "HTTP 503 (service unavailable)",
        "link expired (HTTP 403)",
        "fell silent",
        "broke off: truncated",
        "broke off: connection reset",
        "wrong bytes",
    } <= reasons


def test_an_address_that_stays_refused_is_an_error(site: Website, tmp_path: Path) -> None:
    with FaultyProxy("127.0.0.1", site.port, {"403": 1.0}) as proxy, CurlWeb(4) as web:
        engine = TransferEngine(
            [HttpSource(web)],
            clock=SystemClock(),
            progress=MemoryProgress(),
            incoming=tmp_path / "incoming",
            renewer=Renewer(),
        )
        (outcome,) = engine.fetch([FetchRequest(f"{proxy.root}/1", tmp_path / "1", "1")])
        assert isinstance(outcome.error, LinkExpired)
        assert proxy.injected["403"] == 3
    assert site.asked == []
