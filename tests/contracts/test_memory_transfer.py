from __future__ import annotations

from pathlib import Path

from groundtruth.adapters.memory import FakeClock, MemoryRunner, MemorySource, MemoryTransfer
from groundtruth.domain.errors import DiskFull, Unavailable
from groundtruth.testing.clock import ClockContract
from groundtruth.testing.runner import RunnerContract
from groundtruth.testing.transfer import ObjectSourceContract, ObjectTransferContract


class TestMemoryTransfer(ObjectTransferContract):
    ahead = 1

    def make_transfer(self, folder: Path) -> MemoryTransfer:
        self.objects = MemorySource()
        self.folder_of_test = folder
        return MemoryTransfer(self.objects)

    def add(self, transfer: MemoryTransfer, data: bytes) -> str:
        return self.objects.add(data)

    def opened(self, transfer: MemoryTransfer, url: str) -> int:
        return self.objects.opened.count(url)

    def cut(self, transfer: MemoryTransfer, url: str, size: int) -> None:
        self.objects.faults.fail_when(
            "chunk",
            lambda opened, offset: opened == url and offset + self.objects.chunk_size > size,
            Unavailable("the source", "broke off"),
        )

    def mend(self, transfer: MemoryTransfer, url: str) -> None:
        self.objects.faults.clear()

    def refusing(self, transfer: MemoryTransfer, full: bool) -> Path:
        if full:
            transfer.faults.fail("fetch", DiskFull("/full", "no space left on device"))
            return self.folder_of_test
        self.folder_of_test.write_bytes(b"a file, so that no folder can be made below it")
        return self.folder_of_test / "below"


class TestMemorySource(ObjectSourceContract):
    def make_source(self, folder: Path) -> MemorySource:
        return MemorySource(chunk_size=300)

    def add(self, source: MemorySource, data: bytes) -> str:
        return source.add(data, f"an object of {len(source.objects)} others")

    def change(self, source: MemorySource, url: str, data: bytes) -> None:
        source.objects[url] = data

    def missing(self, source: MemorySource) -> str:
        return "memory:no-such-object"


class TestMemoryRunner(RunnerContract):
    ahead = 1

    def make_runner(self) -> MemoryRunner:
        return MemoryRunner()


class TestFakeClock(ClockContract):
    def make_clock(self) -> FakeClock:
        return FakeClock()
