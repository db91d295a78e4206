"""The fakes carry the whole life of a dataset, without a hub, a network or files to push."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import (
    FakeClock,
    MemoryFiles,
    MemoryFrameExtractor,
    MemoryHub,
    MemoryLibrary,
    MemoryProgress,
    MemoryRunner,
    MemoryTransfer,
    fake_image,
    fake_video,
)
from groundtruth.application.pull import PullOptions, PullRelease
from groundtruth.application.push import PushItems, PushOptions
from groundtruth.application.releases import ExportRelease, Waiting
from groundtruth.application.verify import VerifyRelease
from groundtruth.domain.errors import ReleasePending, Unavailable
from groundtruth.domain.placement import PlacementOptions
from groundtruth.domain.reference import DatasetReference
from groundtruth.ports.progress import Finished, Started

REFERENCE = DatasetReference("team", "set")
ROOT = Path("/photos")


@attrs.define
class World:
    """All fakes, and the use cases over them."""

    library: MemoryLibrary
    files: MemoryFiles = attrs.field(
        factory=lambda: MemoryFiles(
            {
                "/photos/day1/a.png": fake_image(30, 20),
                "/photos/day2/a.png": fake_image(30, 21),
                "/photos/clip.mp4": fake_video(64, 48, 6, 3.0),
                "/photos/notes.txt": b"no picture",
            }
        )
    )
    clock: FakeClock = attrs.field(factory=FakeClock)
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    hub: MemoryHub = attrs.field(init=False)
    transfer: MemoryTransfer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.hub = MemoryHub(DarwinJsonCodec(), self.clock, read=self.files.read)
        self.transfer = MemoryTransfer(self.hub.source)
        self.hub.create_dataset("team", "set")

    def push(self):
        push = PushItems(self.hub, self.hub, self.files, MemoryRunner(), self.progress)
        return push(REFERENCE, [ROOT], PushOptions(preserve_folders=True))

    def export(self, name: str):
        return ExportRelease(self.hub, self.hub)(REFERENCE, name)

    def pull(self, options: PullOptions | None = None):
        pull = PullRelease(
            self.hub,
            self.hub,
            self.library,
            self.transfer,
            DarwinJsonCodec(),
            MemoryFrameExtractor(),
            self.clock,
            self.progress,
        )
        return pull(REFERENCE, options)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryLibrary(tmp_path / "library"))


def test_a_dataset_lives(world: World) -> None:
    pushed = world.push()
    assert (pushed.items, pushed.is_complete, len(pushed.skipped)) == (3, True, 1)
    world.export("0.1")
    pulled = world.pull()
    assert pulled.is_complete
    images = world.library.folder(REFERENCE) / "images"
    assert (images / "day1" / "a.png").read_bytes() == fake_image(30, 20)
    assert (images / "day2" / "a.png").read_bytes() == fake_image(30, 21)
    assert VerifyRelease(world.library)(REFERENCE.at("0.1")).is_clean
    opened = len(world.hub.source.opened)
    assert world.pull().up_to_date
    assert len(world.hub.source.opened) == opened
    assert [event.task for event in world.progress.of(Started)][:2] == ["push", "pull"]
    assert len(world.progress.of(Finished)) >= 2


def test_videos_become_frames(world: World) -> None:
    world.push()
    world.export("0.1")
    assert world.pull(PullOptions(PlacementOptions(video_frames=True))).is_complete
    frames = world.library.folder(REFERENCE) / "images" / "clip"
    assert sorted(path.name for path in frames.iterdir()) == [f"{number:07d}.png" for number in range(6)]


def test_a_push_that_failed_goes_on(world: World) -> None:
    world.hub.faults.fail("put", Unavailable("the hub", status=503), times=2)
    first = world.push()
    assert (first.items, len(first.failed)) == (1, 2)
    second = world.push()
    assert (second.items, len(second.present), second.is_complete) == (2, 1, True)


def test_a_pull_that_failed_goes_on(world: World) -> None:
    world.push()
    world.export("0.1")
    world.transfer.faults.fail_when("fetch", lambda request: request.key == "clip.mp4", Unavailable(), times=1)
    first = world.pull()
    assert not first.published
    assert [problem.name for problem in first.problems] == ["clip.mp4"]
    second = world.pull()
    assert second.is_complete
    assert (second.fetched, second.present) == (1, 2)


def test_a_pull_waits_for_a_release(world: World) -> None:
    world.push()
    world.hub.hold_releases()
    world.export("0.1")
    with pytest.raises(ReleasePending):
        world.pull(PullOptions(waiting=Waiting(timeout=30, interval=10)))
    assert world.clock.sleeps == [10, 10, 10]
