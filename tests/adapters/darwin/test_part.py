from __future__ import annotations

import threading
import time

from groundtruth.adapters.darwin.part import part


class Hub:
    def __init__(self) -> None:
        self.made: list[str] = []

    @part
    def inner(self) -> object:
        time.sleep(0.01)  # long enough for the other threads to ask as well
        self.made.append("inner")
        return object()

    @part
    def outer(self) -> tuple[object]:
        self.made.append("outer")
        return (self.inner,)


def test_is_made_when_it_is_asked_for() -> None:
    hub = Hub()
    assert hub.made == []
    assert hub.inner is hub.inner
    assert hub.made == ["inner"]


def test_each_hub_has_its_own() -> None:
    assert Hub().inner is not Hub().inner


def test_is_made_once_however_many_threads_ask() -> None:
    hub = Hub()
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(hub.outer[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 1
    assert sorted(hub.made) == ["inner", "outer"]


def test_one_may_need_another() -> None:
    hub = Hub()
    assert hub.outer == (hub.inner,)
