"""The source that is made when it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.memory import MemorySource
from groundtruth.adapters.transfer import OnDemand
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.testing.transfer import ObjectSourceContract


class TestHttpSourceOnDemand(ObjectSourceContract):
    @pytest.fixture(autouse=True)
    def _world(self, site: Any) -> Iterator[None]:
        self.site = site
        with CurlWeb(4) as web:
            self.made = OnDemand({"http", "https"}, lambda: HttpSource(web))
            yield
            self.made.close()
            self.made.close()

    def make_source(self, folder: Path) -> Any:
        return self.made

    def add(self, source: object, data: bytes) -> str:
        return self.site.add(data)

    def change(self, source: object, url: str, data: bytes) -> None:
        self.site.objects[self.site.path(url)] = data

    def missing(self, source: object) -> str:
        return f"{self.site.root}/nothing"


def test_it_is_made_once_and_closed_if_it_can_be() -> None:
    made: list[Any] = []

    class Closable(MemorySource):
        closed = 0

        def close(self) -> None:
            Closable.closed += 1

    def make() -> MemorySource:
        made.append(Closable())
        made[0].add(b"data", "a")
        return made[0]

    source = OnDemand({"memory"}, make)
    source.close()
    assert made == []
    for _ in range(2):
        source.open("memory:a").close()
    assert len(made) == 1
    for _ in range(2):
        source.close()
    assert Closable.closed == 1
