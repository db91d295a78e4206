from __future__ import annotations

from typing import TextIO

from groundtruth.adapters.memory import MemoryProgress
from groundtruth.ports.progress import Advanced, Finished, Retrying, Started, Transferred
from groundtruth.testing.progress import ProgressContract, run_of


class TestMemoryProgress(ProgressContract):
    def make_progress(self, stream: TextIO) -> MemoryProgress:
        return MemoryProgress()


def test_events_can_be_read_back() -> None:
    progress = MemoryProgress()
    for event in (*run_of("pull", 3), *run_of("push", 2)):
        progress.report(event)
    assert progress.events[0] == Started("pull", 3, "files")
    assert progress.of(Finished) == [Finished("pull"), Finished("push")]
    assert len(progress.of(Transferred)) == 10
    assert progress.of(Retrying) == []
    assert progress.count("pull") == 3
    assert progress.size("push") == 2000
    assert all(isinstance(event, Advanced) for event in progress.of(Advanced))
