"""Requests that no thread waits for."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from typing import Any

import pytest

from groundtruth.adapters.web import CurlWeb
from groundtruth.adapters.web.wire import HELD
from groundtruth.domain.errors import NotSent, Unavailable
from groundtruth.ports.web import WebRequest
from groundtruth.testing.transfer import content
from groundtruth.testing.website import Asked, Connection, Hangup, Reply, Website

SMALL = content(40_000)
LARGE = content(8 * HELD)


@pytest.fixture
def site() -> Iterator[Website]:
    def handler(asked: Asked, connection: Connection) -> Reply | None:
        if asked.target == "/silent":
            site.released.wait(30)
            raise Hangup
        if asked.target == "/reset":
            raise Hangup(reset=True)
        if asked.target == "/cut":
            return Reply(body=SMALL, cut=10_000)
        return Reply(body=LARGE if asked.target == "/large" else SMALL)

    with Website(handler) as site:
        yield site


@pytest.fixture
def web() -> Iterator[CurlWeb]:
    with CurlWeb(8, connect_timeout=2.0, read_timeout=0.1) as web:
        yield web


def begin(web: CurlWeb, url: str) -> Any:
    exchange = web.begin(WebRequest("GET", url))
    assert exchange is not None
    return exchange


def fly(*exchanges: Any) -> None:
    """Step until there is nothing to wait for, but only when a socket says so or some time has gone by."""
    deadline = time.monotonic() + 10
    pending = list(exchanges)
    while pending := [one for one in pending if not one.step()]:
        assert time.monotonic() < deadline
        poll = select.poll()
        for number, readable, writable in (socket for one in pending for socket in one.waits_on()):
            poll.register(number, (select.POLLIN if readable else 0) | (select.POLLOUT if writable else 0))
        poll.poll(20)


def test_many_are_under_way_at_once(web: CurlWeb, site: Website) -> None:
    for _ in range(3):
        exchanges = [begin(web, f"{site.root}/{number}") for number in range(7)]
        fly(*exchanges)
        assert [exchange.status for exchange in exchanges] == [200] * 7
        for exchange in exchanges:
            answer = exchange.answer()
            assert (answer.status, answer.read(10**6)) == (200, SMALL)
            answer.close()
    assert site.connections == 7


def test_the_last_connection_is_left_to_those_who_wait(web: CurlWeb, site: Website) -> None:
    exchanges = [begin(web, f"{site.root}/{number}") for number in range(7)]
    assert web.begin(WebRequest("GET", site.root)) is None
    for _ in range(2):
        with_wait = web.send(WebRequest("GET", site.root))
        assert with_wait.read(10**6) == SMALL
        with_wait.close()
    for exchange in exchanges:
        exchange.close()
        exchange.close()
    begin(web, site.root).close()
    with CurlWeb(1) as narrow:
        assert narrow.begin(WebRequest("GET", site.root)) is None


def test_a_large_answer_is_not_held(web: CurlWeb, site: Website) -> None:
    exchange = begin(web, f"{site.root}/large")
    fly(exchange)
    assert exchange.status is None
    answer = exchange.answer()
    assert answer.read(len(LARGE)) == LARGE
    answer.close()


def test_an_answer_can_be_waited_for_at_any_time(web: CurlWeb, site: Website) -> None:
    answer = begin(web, f"{site.root}/a").answer()
    assert answer.read(10**6) == SMALL
    answer.close()


@pytest.mark.parametrize("target", ["/silent", "/reset"])
def test_what_goes_wrong_is_raised_with_the_answer(web: CurlWeb, site: Website, target: str) -> None:
    exchange = begin(web, site.root + target)
    fly(exchange)
    assert exchange.status is None
    with pytest.raises(Unavailable) as caught:
        exchange.answer()
    assert not isinstance(caught.value, NotSent)
    assert exchange.step()
    begin(web, site.root).close()


def test_what_came_before_a_body_broke_off_is_given_out(web: CurlWeb, site: Website) -> None:
    exchange = begin(web, f"{site.root}/cut")
    fly(exchange)
    assert exchange.status is None
    answer = exchange.answer()
    chunks = answer.chunks()
    assert next(chunks) == SMALL[:10_000]
    with pytest.raises(Unavailable, match="truncated"):
        next(chunks)
    answer.close()


def test_a_server_that_is_not_there(web: CurlWeb) -> None:
    with Website(lambda asked, _: None) as site:
        root = site.root
    exchange = begin(web, root)
    fly(exchange)
    with pytest.raises(NotSent):
        exchange.answer()


def test_closing_the_web_ends_what_is_under_way(site: Website) -> None:
    web = CurlWeb(4)
    exchange = begin(web, f"{site.root}/silent")
    assert not exchange.step()
    web.close()
    fly(exchange)
    with pytest.raises(Unavailable, match="given up"):
        exchange.answer()
    assert web.begin(WebRequest("GET", site.root)) is None
